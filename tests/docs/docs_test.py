"""Tests of scripts/docs: blocks are filled from the sources, and a difference fails."""

import contextlib
import io
import importlib.machinery
import importlib.util
import pathlib
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
script = pathlib.Path(__file__).resolve().parents[2] / "scripts/docs"
loader = importlib.machinery.SourceFileLoader("docs", str(script))
docs = importlib.util.module_from_spec(importlib.util.spec_from_loader("docs", loader))
loader.exec_module(docs)

SOURCE = (
    "int before;\n  // [part]\n  int x = 1;\n    // [inner]\n    int y = 2;\n    // [/inner]\n"
    "  // [/part]\nint after;\n"
)


class Docs(unittest.TestCase):
    def run_docs(self, page, *arguments, source=SOURCE):
        """Runs scripts/docs on a tree with one page and one source: (exit status, what it printed, the page)."""
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            (root / "a.cpp").write_text(source)
            (root / "README.md").write_text(page)
            with contextlib.redirect_stdout(io.StringIO()) as printed:
                status = docs.main([*arguments, folder])
            return status, printed.getvalue(), (root / "README.md").read_text()

    def test_a_stale_block_fails_and_names_its_place(self):
        page = "# Title\n<!-- snippet: a.cpp#part -->\n<!-- /snippet -->\n"
        status, printed, after = self.run_docs(page)
        self.assertEqual(status, 1)
        self.assertIn("README.md:2: differs from a.cpp", printed)
        self.assertEqual(after, page)

    def test_update_fills_the_block_without_marks_and_moved_left_and_then_it_passes(self):
        status, _, after = self.run_docs("<!-- snippet: a.cpp#part -->\nold\n<!-- /snippet -->\n", "--update")
        self.assertEqual(status, 0)
        self.assertIn("-->\n```cpp\nint x = 1;\n  int y = 2;\n```\n<!--", after)
        self.assertEqual(self.run_docs(after)[0], 0)

    def test_without_a_name_the_whole_file_is_meant(self):
        _, _, after = self.run_docs("<!-- snippet: a.cpp -->\n<!-- /snippet -->\n", "--update")
        self.assertIn("```cpp\nint before;\n  int x = 1;\n    int y = 2;\nint after;\n```", after)

    def test_a_missing_region_or_file_fails_even_with_update(self):
        for path in ("a.cpp#nowhere", "lost.cpp"):
            status, printed, _ = self.run_docs(f"<!-- snippet: {path} -->\n<!-- /snippet -->\n", "--update")
            self.assertEqual(status, 1)
            self.assertIn("README.md:1", printed)


if __name__ == "__main__":
    unittest.main()
