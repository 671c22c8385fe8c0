"""The installed bill of materials names what the installed files are really made of.

usage: bill_of_materials_test.py READELF TREE DEPENDENCIES.SH
"""

import hashlib
import json
import pathlib
import re
import shutil
import subprocess
import sys
import unittest

READELF, TREE, SCRIPT = sys.argv[1], pathlib.Path(sys.argv[2]), sys.argv[3]

# Of the system that any program runs on, not of this one's making.
SYSTEM = {"glibc", "gcc-12"}


def output(*words):
    return subprocess.run([*map(str, words)], check=True, stdout=subprocess.PIPE, text=True).stdout


def words_of(variable):
    return output("bash", "-c", f'. "$0"; printf %s "${variable}"', SCRIPT).split()


class BillOfMaterials(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.bill = json.loads((TREE / "share/doc/pipit/bill-of-materials.json").read_text())
        cls.components = cls.bill["components"]

    def named(self, name):
        found = [component for component in self.components if component["name"] == name]
        self.assertTrue(found, name)
        return found[0]

    def test_it_is_of_this_version_of_pipit(self):
        self.assertEqual((self.bill["bomFormat"], self.bill["specVersion"]), ("CycloneDX", "1.5"))
        told = self.bill["metadata"]["component"]
        self.assertEqual(output(TREE / "bin/pipit", "--version").split()[:2], [told["name"], told["version"]])

    def test_each_name_stands_once(self):
        names = [component["name"] for component in self.components]
        self.assertEqual(len(names), len(set(names)))

    @unittest.skipUnless(shutil.which("dpkg-query"), "not Debian")
    def test_versions_are_those_of_the_packages(self):
        for package in words_of("DEBIAN_PACKAGES"):
            with self.subTest(package=package):
                self.assertEqual(self.named(package)["version"], output("dpkg-query", "-W", "-f", "${Version}", package))

    @unittest.skipUnless(shutil.which("dpkg-query"), "not Debian")
    def test_every_library_that_is_loaded_is_named(self):
        """By the source packages that the libraries and the headers are both built from."""
        files = [TREE / "bin/pipit", TREE / "lib/pipit/operator_process", *TREE.glob("lib/libpipit*.so"), *TREE.glob("lib/pipit/operators/**/*.so")]
        needed = {name for file in files for name in re.findall(r"NEEDED.*\[(.*)\]", output(READELF, "--dynamic", file))}
        own = {file.name for file in TREE.glob("lib/**/*.so*")}  # LibTorch's too
        cache = dict(re.findall(r"^\s*(\S+) \(.*=> (\S+)", output("/sbin/ldconfig", "-p"), re.MULTILINE))
        named = {
            entry["value"] for component in self.components if component["scope"] == "required" for entry in component.get("properties", [])
        }
        sources = set()
        for name in sorted(needed - own):
            package = output("dpkg-query", "-S", str(pathlib.Path(cache[name]).name)).split(":")[0]
            sources.add(output("dpkg-query", "-W", "-f", "${source:Package} ", package).split()[0])
        self.assertIn("fmtlib", sources)
        self.assertEqual(sources - SYSTEM - named, set())

    def test_libtorch_is_the_one_that_is_installed(self):
        version, digest = self.named("torch")["version"], self.named("torch")["hashes"][0]["content"]
        self.assertRegex(digest, "^[0-9a-f]{64}$")
        header = next(TREE.glob("lib/pipit/libtorch/torch/include/**/version.h"), None)
        if header is not None:
            self.assertIn(f'"{version}"', header.read_text())

    def test_sums_are_those_of_the_installed_files(self):
        vocabulary = self.named("open_clip/bpe_simple_vocab_16e6.txt.gz")
        installed = next(TREE.glob("lib/pipit/data/bpe_simple_vocab_16e6.txt.gz"), None)
        if installed is not None:
            self.assertEqual(vocabulary["hashes"][0]["content"], hashlib.sha256(installed.read_bytes()).hexdigest())


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
