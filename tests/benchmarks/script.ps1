$ErrorActionPreference = 'Stop'
Add-PSSnapin -Name Microsoft.Exchange.Management.PowerShell.SnapIn

$desired = @'
DESIRED
'@ | ConvertFrom-Json
$server = $env:COMPUTERNAME

function Compare-Setting {
    param($Name, $Actual, $Desired)
    foreach ($setting in $Desired.PSObject.Properties) {
        $found = @($Actual.($setting.Name)) -join ', '
        $wanted = @($setting.Value) -join ', '
        [pscustomobject]@{
            object = $Name
            setting = $setting.Name
            actual = $found
            desired = $wanted
            in_sync = $found -eq $wanted
        }
    }
}

Compare-Setting 'PopSettings' (Get-PopSettings -Server $server) $desired.settings

foreach ($service in Get-Service -Name $desired.services.PSObject.Properties.Name) {
    Compare-Setting $service.Name $service $desired.services.($service.Name)
}

$certificate = Get-ExchangeCertificate -Server $server |
    Where-Object { $_.Subject -eq "CN=$($desired.settings.X509CertificateName)" } |
    Sort-Object -Property NotAfter |
    Select-Object -Last 1
if (-not $certificate) {
    throw "There is no certificate for $($desired.settings.X509CertificateName)."
}
Compare-Setting 'ExchangeCertificate' ([pscustomobject]@{
    Services = ($certificate.Services -split ', ') -contains 'POP'
    Valid = $certificate.NotAfter -gt [datetime]::Now
}) $desired.certificate

$connector = Get-ReceiveConnector -Server $server | Where-Object { $_.Name -eq "Client Frontend $server" }
Compare-Setting 'ReceiveConnector' ([pscustomobject]@{
    AdvertiseClientSettings = $connector.AdvertiseClientSettings
    MaxMessageSize = '{0}MB' -f $connector.MaxMessageSize.ToMB()
}) $desired.connector

foreach ($mailbox in $desired.mailboxes.PSObject.Properties) {
    Compare-Setting $mailbox.Name (Get-CASMailbox -Identity $mailbox.Name) $mailbox.Value
}
