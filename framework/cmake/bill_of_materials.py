"""The bill of materials of an install, in CycloneDX's form (cyclonedx.org, version 1.5): what dependencies.sh names, with the versions
that this machine built with.

usage: bill_of_materials.py VERSION DEPENDENCIES.SH >bill-of-materials.json

A component's scope is "required" when it is part of what is installed or is opened by it, else "excluded" (compilers, test clips).
The same machine state gives the same bytes: there is no date in it.
"""

import json
import shlex
import subprocess
import sys

# Of dependencies.sh's Debian packages, those whose code ends up in pipit or is loaded by it.
LINKED = (
    "libboost-dev", "libboost-program-options-dev", "libfmt-dev", "libyaml-cpp-dev", "nlohmann-json3-dev", "libhnswlib-dev", "libicu-dev",
    "libssl-dev", "zlib1g-dev", "libavcodec-dev", "libavformat-dev", "libavutil-dev", "libswscale-dev",
)  # fmt: skip


def variables(script):
    """The lists that the script sets, each as words."""
    names = ("DEBIAN_PACKAGES", "LIBTORCH_WHEELS", "LIBTORCH_SHA256", "VOCABULARY", "REAL_CLIPS")
    said = "; ".join(f"printf '%s\\0' \"${name}\"" for name in names)
    done = subprocess.run(["bash", "-c", f". {shlex.quote(script)}; {said}"], check=True, stdout=subprocess.PIPE, text=True)
    return dict(zip(names, (text.split() for text in done.stdout.split("\0"))))


def of_debian(package):
    """A Debian package's version, architecture, source package and what it depends on; None where dpkg does not know it."""
    try:
        form = "${Version} ${Architecture} ${source:Package} ${Depends}"
        done = subprocess.run(["dpkg-query", "-W", "-f", form, package], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    except FileNotFoundError:
        return None
    return done.stdout.split(" ", 3) if done.returncode == 0 else None


def sources(source, depends):
    """The source packages behind a package: of one that only stands for a version, that version's too."""
    yield source
    if source.endswith("-defaults"):
        for name in sorted({one.split()[0] for one in depends.split(",") if one.strip()}):
            behind = of_debian(name)
            if behind and behind[2] != source:
                yield behind[2]


def debian_component(package):
    component = {"type": "library" if package in LINKED else "application", "name": package}
    known = of_debian(package)
    if known:
        version, architecture, source, depends = known
        component["version"] = version
        component["purl"] = f"pkg:deb/debian/{package}@{version.replace('+', '%2B').replace(':', '%3A')}?arch={architecture}"
        component["properties"] = [{"name": "debian:source", "value": name} for name in sources(source, depends)]
    component["scope"] = "required" if package in LINKED else "excluded"
    return component


def wheel_component(wheel, digest):
    name, version = wheel.split("==")
    component = {"type": "library", "name": name, "version": version, "purl": f"pkg:pypi/{name}@{version}", "scope": "required"}
    component["hashes"] = [{"alg": "SHA-256", "content": digest}]
    return component


def file_components(words, scope):
    """Of lists in groups of four: the wheel, the file in it, its sum, and where ./dev puts it."""
    for wheel, member, digest, _ in zip(*[iter(words)] * 4):
        component = {"type": "file", "name": member, "version": wheel.split("==")[1], "scope": scope}
        component["hashes"] = [{"alg": "SHA-256", "content": digest}]
        component["purl"] = "pkg:pypi/{}@{}#{}".format(*wheel.split("=="), member)
        yield component


def bill(version, script):
    lists = variables(script)
    components = [debian_component(package) for package in lists["DEBIAN_PACKAGES"]]
    components += map(wheel_component, lists["LIBTORCH_WHEELS"], lists["LIBTORCH_SHA256"])
    components += file_components(lists["VOCABULARY"], "required")
    components += file_components(lists["REAL_CLIPS"], "excluded")
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {"component": {"type": "application", "name": "pipit", "version": version}},
        "components": components,
    }


if __name__ == "__main__":
    json.dump(bill(sys.argv[1], sys.argv[2]), sys.stdout, indent=1)
    print()
