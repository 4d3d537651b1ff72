"""Writes the list of the crates in a build (CycloneDX 1.5) to standard output.

Usage: cargo metadata --format-version 1 --filter-platform TARGET | sbom.py PACKAGE FILE

PACKAGE is the workspace member of the build and FILE its result. Crates that only build scripts, procedural macros or
tests use are not part of the build.
"""

import hashlib
import json
import sys


def crates(metadata, root):
    """The ids of the packages that are linked into the package `root`, in order, without the root."""
    nodes = {node["id"]: node for node in metadata["resolve"]["nodes"]}
    packages = {package["id"]: package for package in metadata["packages"]}
    found, waiting = set(), [root]
    while waiting:
        for dependency in nodes[waiting.pop()]["deps"]:
            is_linked = any(kind["kind"] is None for kind in dependency["dep_kinds"])
            kinds = {kind for target in packages[dependency["pkg"]]["targets"] for kind in target["kind"]}
            if is_linked and "proc-macro" not in kinds and dependency["pkg"] not in found:
                found.add(dependency["pkg"])
                waiting.append(dependency["pkg"])
    return sorted(found, key=lambda id: (packages[id]["name"], packages[id]["version"])), packages, nodes


def component(package):
    """The CycloneDX component of a crate."""
    purl = f"pkg:cargo/{package['name']}@{package['version']}"
    entry = {"type": "library", "bom-ref": purl, "name": package["name"], "version": package["version"], "purl": purl}
    if package["license"]:
        entry["licenses"] = [{"expression": package["license"].replace("/", " OR ")}]
    if package["repository"]:
        entry["externalReferences"] = [{"type": "vcs", "url": package["repository"]}]
    return entry


def main():
    name, file = sys.argv[1:]
    metadata = json.load(sys.stdin)
    root = next(p["id"] for p in metadata["packages"] if p["name"] == name and p["id"] in metadata["workspace_members"])
    ids, packages, nodes = crates(metadata, root)
    main_component = component(packages[root]) | {"type": "application"}
    with open(file, "rb") as module:
        main_component["hashes"] = [{"alg": "SHA-256", "content": hashlib.sha256(module.read()).hexdigest()}]
    linked = set(ids)
    reference = lambda id: component(packages[id])["bom-ref"]
    dependencies = [
        {"ref": reference(id), "dependsOn": sorted(reference(d["pkg"]) for d in nodes[id]["deps"] if d["pkg"] in linked)}
        for id in [root, *ids]
    ]
    bom = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {"component": main_component},
        "components": [component(packages[id]) for id in ids],
        "dependencies": dependencies,
    }
    json.dump(bom, sys.stdout, indent=2)
    print()


main()
