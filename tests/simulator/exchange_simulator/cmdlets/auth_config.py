"""Get-AuthConfig: by which certificates the servers of the organisation sign what they tell each other."""

from __future__ import annotations

from .. import shapes
from ..engine import Call, behaviour
from .lookup import controller

_TYPES = ("Microsoft.Exchange.Data.Directory.SystemConfiguration.AuthConfig", *shapes.CONFIGURATION_OBJECT)
_NAME = "Auth Configuration"


@behaviour("Get-AuthConfig")
def get_auth_config(call: Call) -> None:
    organisation, chosen = call.organisation, controller(call)
    place = f"CN={_NAME},CN=First Organization,CN=Microsoft Exchange,CN=Services,CN=Configuration,{call.server.root}"
    identity = shapes.ad_object_id(place, organisation.domain, _NAME)
    created = call.server.created
    members = [
        *organisation.auth_certificates.items(),
        ("NextCertificateEffectiveDate", None),
        ("ServiceName", "00000002-0000-0ff1-ce00-000000000000"),
        ("Realm", ""),
        ("DeploymentId", ""),
        ("IssuerIdentifier", ""),
        ("Name", _NAME),
        ("AdminDisplayName", ""),
        ("ExchangeVersion", shapes.object_version(20, "15.0.0.0")),
        ("DistinguishedName", place),
        ("Identity", identity),
        ("Guid", shapes.guid("object", place)),
        ("ObjectCategory", shapes.schema_id("ms-Exch-Auth-Auth-Config", organisation.domain, call.server.root)),
        ("ObjectClass", shapes.strings(("top", "container", "msExchContainer", "msExchAuthAuthConfig"))),
        *shapes.times(created, created, organisation.zone),
        ("OrganizationId", shapes.organization_id()),
        ("Id", identity),
        ("OriginatingServer", chosen),
        ("IsValid", True),
        ("ObjectState", shapes.object_state("Unchanged")),
    ]
    call.output.append(shapes.exchange_object(_TYPES, _NAME, members))
