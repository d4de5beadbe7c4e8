"""Where a file of the controller may be, and that it is written whole, with what it replaces kept beside it."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

import pytest
from ansible.inventory.manager import IGNORED
from ansible.parsing.dataloader import DataLoader

from ansible_collections.mailops.exchange.plugins.plugin_utils.controller_file import (
    OWN_COLLECTION,
    Destination,
    Refused,
    write_all,
)

OLD, NEW = b"ansible_user: anna  # \xff\n", b"pop3_banner: Hello\n"


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def refusal(path: Path | str) -> str:
    with pytest.raises(Refused) as refused:
        Destination.of(str(path))
    told = str(refused.value)
    assert told.startswith("path: ")
    assert told.endswith(".")
    return told


def test_a_relative_path_begins_where_the_process_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setenv("PWD", str(tmp_path / "elsewhere"))
    destination = Destination.of("reports/../host_vars/ex01.yml")
    assert destination.path == tmp_path / "here" / "host_vars" / "ex01.yml"
    assert destination.held is None
    assert destination.write(NEW, backup=True) is None
    assert [path.name for path in destination.path.parent.iterdir()] == ["ex01.yml"]
    assert destination.path.read_bytes() == NEW


def test_a_folder_that_is_gone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    assert "use an absolute path" in refusal("host_vars/ex01.yml")
    assert Destination.of(str(tmp_path / "ex01.yml")).held is None


@pytest.mark.parametrize("inside", ["drift.json", "playbooks/host_vars/ex01.yml", "a/b/c/d.json"])
def test_never_inside_our_own_collection(inside: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told = refusal(OWN_COLLECTION / inside)
    assert "is inside the collection in " in told
    # Nor by another name of it, nor by where ansible-playbook was started.
    link = tmp_path / "link"
    link.symlink_to(OWN_COLLECTION)
    assert "inside the collection" in refusal(link / inside)
    monkeypatch.chdir(link / "playbooks")
    assert "inside the collection" in refusal(inside)
    alias = tmp_path / "alias.yml"
    alias.symlink_to(OWN_COLLECTION / inside)
    assert "inside the collection" in refusal(alias)


@pytest.mark.parametrize("mark", ["MANIFEST.json", "galaxy.yml"])
def test_never_inside_another_collection(mark: str, tmp_path: Path) -> None:
    folder = tmp_path / "ansible_collections" / "acme" / "mail"
    folder.mkdir(parents=True)
    file = folder / "playbooks" / "host_vars" / "ex01.yml"
    # Without its mark it is a folder like others.
    assert Destination.of(str(file)).held is None
    (folder / mark).write_text("{}")
    assert f"inside the collection in {folder}," in refusal(file)
    link = tmp_path / "link"
    link.symlink_to(folder / "playbooks")
    assert f"inside the collection in {folder}," in refusal(link / "host_vars" / "ex01.yml")
    assert Destination.of(str(tmp_path / "ansible_collections" / "ex01.yml")).held is None


def test_what_is_no_file_or_cannot_be_one(tmp_path: Path) -> None:
    assert "use the name of a file" in refusal("")
    assert "use the name of a file" in refusal("a\0b")
    assert "use the name of a file" in refusal(tmp_path)
    assert "use the name of a file" in refusal("/dev/null")
    (tmp_path / "file").write_text("")
    assert f"nothing can be created in {tmp_path / 'file'}" in refusal(tmp_path / "file" / "ex01.yml")
    assert "cannot be written: " in refusal(tmp_path / ("x" * 300))


def test_the_backup_is_what_was_there_and_no_variables_to_ansible(tmp_path: Path) -> None:
    folder = tmp_path / "host_vars" / "ex01"
    folder.mkdir(parents=True)
    file = folder / "ex01.yml"
    file.write_bytes(OLD)
    file.chmod(0o640)
    kept = Destination.of(str(file)).write(NEW, backup=True)
    assert kept is not None
    assert kept.parent == folder
    assert (file.read_bytes(), kept.read_bytes()) == (NEW, OLD)
    assert (mode(file), mode(kept)) == (0o640, 0o640)
    again = Destination.of(str(file)).write(OLD, backup=True)
    assert again not in (None, kept)
    assert sorted(folder.iterdir()) == sorted({file, kept, again})
    # As the file of a host, as one in the folder of a host, and as an inventory.
    loader = DataLoader()
    for directory in (folder, folder.parent):
        assert [os.fsdecode(path) for path in loader.find_vars_files(str(directory), "ex01")] == [str(file)]
    assert IGNORED.search(kept.name.encode())


def test_replaced_without_a_backup(tmp_path: Path) -> None:
    file = tmp_path / "drift.json"
    file.write_bytes(OLD)
    file.chmod(0o600)
    assert Destination.of(str(file)).write(NEW, backup=False) is None
    assert list(tmp_path.iterdir()) == [file]
    assert (file.read_bytes(), mode(file)) == (NEW, 0o600)


def test_a_new_file_has_the_mode_that_the_umask_leaves(tmp_path: Path) -> None:
    umask = os.umask(0o027)
    try:
        Destination.of(str(tmp_path / "new.json")).write(NEW, backup=False)
    finally:
        os.umask(umask)
    assert mode(tmp_path / "new.json") == 0o640


def test_a_symbolic_link_stays_one(tmp_path: Path) -> None:
    real, link = tmp_path / "all" / "ex01.yml", tmp_path / "ex01.yml"
    real.parent.mkdir()
    real.write_bytes(OLD)
    link.symlink_to(real)
    kept = Destination.of(str(link)).write(NEW, backup=True)
    assert link.is_symlink()
    assert (real.read_bytes(), kept and kept.read_bytes()) == (NEW, OLD)


def no_room(*_: object, **__: object) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_without_hard_links_the_backup_is_a_copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "ex01.yml"
    file.write_bytes(OLD)
    monkeypatch.setattr(os, "link", no_room)
    kept = Destination.of(str(file)).write(NEW, backup=True)
    assert (file.read_bytes(), kept and kept.read_bytes()) == (NEW, OLD)


@pytest.mark.parametrize("failing", ["pathlib.Path.replace", "shutil.copy2", "os.fsync"])
def test_what_goes_wrong_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failing: str) -> None:
    file = tmp_path / "ex01.yml"
    file.write_bytes(OLD)
    monkeypatch.setattr(os, "link", no_room)
    monkeypatch.setattr(failing, no_room)
    with pytest.raises(Refused, match=r"^path: \S+ cannot be written: No space left on device\.$"):
        Destination.of(str(file)).write(NEW, backup=failing == "shutil.copy2")
    assert list(tmp_path.iterdir()) == [file]
    assert file.read_bytes() == OLD


def all_of(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_several_files_at_once(tmp_path: Path) -> None:
    (tmp_path / "old").write_bytes(OLD)
    (tmp_path / "gone").write_bytes(OLD)
    contents = {"old": NEW, "gone": None, "never": None, "inside/new": NEW}
    write_all([(Destination.of(f"{tmp_path}/{name}"), content) for name, content in contents.items()])
    assert all_of(tmp_path) == {"old": NEW, "inside/new": NEW}


def test_none_of_several_files_if_one_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "first").write_bytes(OLD)
    (tmp_path / "gone").write_bytes(OLD)
    before = all_of(tmp_path)
    real = os.fsync
    full: list[int] = []

    def fsync(descriptor: int) -> None:
        full.append(descriptor)
        if len(full) == 2:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        real(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    contents = {"first": NEW, "second": NEW, "third": NEW, "gone": None}
    with pytest.raises(Refused) as refused:
        write_all([(Destination.of(f"{tmp_path}/{name}"), content) for name, content in contents.items()])
    assert str(refused.value) == f"path: {tmp_path}/second cannot be written: No space left on device."
    assert all_of(tmp_path) == before
