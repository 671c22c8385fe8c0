"""What is installed is built to make a fault hard to exploit: the linker's and the compiler's marks in each file.

usage: hardening_test.py READELF TREE COMPILE_COMMANDS.JSON
"""

import json
import pathlib
import platform
import re
import subprocess
import sys
import unittest

READELF, TREE, COMMANDS = sys.argv[1], pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3])


def of(*words):
    return subprocess.run([READELF, "--wide", *map(str, words)], check=True, stdout=subprocess.PIPE, text=True).stdout


def built():
    """The program, its libraries and operators; not LibTorch's, which are PyPI's."""
    return [TREE / "bin/pipit", TREE / "lib/pipit/operator_process", *TREE.glob("lib/libpipit*.so"), *TREE.glob("lib/pipit/operators/**/*.so")]


class Hardening(unittest.TestCase):
    def test_all_files_are_looked_at(self):
        names = {file.name for file in built()}
        self.assertLessEqual({"pipit", "libpipit.so", "libpipit_server.so", "libpipit_media.so", "ffmpeg.so", "clip4clip.so"}, names)

    def test_tables_are_read_only_once_a_file_is_linked(self):
        for file in built():
            with self.subTest(file=file.name):
                self.assertIn("GNU_RELRO", of("--program-headers", file))
                self.assertRegex(of("--dynamic", file), r"FLAGS_1\).*NOW")

    def test_no_stack_can_be_executed(self):
        for file in built():
            with self.subTest(file=file.name):
                line = re.search(r"GNU_STACK .*", of("--program-headers", file)).group()
                self.assertEqual(line.split()[-2], "RW")

    def test_nothing_is_writable_and_executable(self):
        for file in built():
            with self.subTest(file=file.name):
                flags = ["".join(line.split()[6:-1]) for line in of("--program-headers", file).splitlines() if line.strip().startswith("LOAD")]
                self.assertIn("RE", flags)
                self.assertNotIn("RWE", flags)

    def test_the_programs_lie_anywhere(self):
        for program in ("bin/pipit", "lib/pipit/operator_process"):
            self.assertIn("PIE", of("--dynamic", TREE / program))

    def test_stacks_and_copies_are_checked(self):
        for name in ("bin/pipit", "lib/libpipit.so", "lib/libpipit_media.so", "lib/libpipit_clip.so"):
            with self.subTest(file=name):
                symbols = of("--dyn-syms", TREE / name)
                self.assertIn("__stack_chk_fail", symbols)
        self.assertRegex(of("--dyn-syms", TREE / "bin/pipit"), r"__(memcpy|memset|snprintf|read|vsnprintf|fprintf)_chk")

    def test_every_source_is_compiled_for_it(self):
        """What the binaries do not tell apart: the level of checked calls, and a source that was left out."""
        wanted = {"-fstack-protector-strong", "-D_FORTIFY_SOURCE=3"}
        if platform.machine() == "x86_64":
            wanted.add("-fcf-protection=full")
        rooms = [pathlib.Path(__file__).parents[2] / name for name in ("framework", "operators")]
        entries = json.loads(COMMANDS.read_text())
        of_project = [entry for entry in entries if any(pathlib.Path(entry["file"]).is_relative_to(room) for room in rooms)]
        self.assertGreater(len(of_project), 200)
        for entry in of_project:
            self.assertLessEqual(wanted, set(entry["command"].split()), entry["file"])

    @unittest.skipUnless(platform.machine() == "x86_64", "endbr64 is of x86-64")
    def test_each_function_that_a_pointer_may_name_begins_with_a_mark(self):
        """The compiler's part of control-flow enforcement. Debian 12's own start files have no mark, so no whole file claims it."""
        for name in ("bin/pipit", "lib/libpipit.so", "lib/libpipit_media.so", "lib/libpipit_clip.so"):
            with self.subTest(file=name):
                self.assertGreater((TREE / name).read_bytes().count(b"\xf3\x0f\x1e\xfa"), 100)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
