"""Tests of the tidy rules: each rule catches its violation and lets the lawful neighbour pass."""

import pathlib
import tempfile
import unittest

import layers
import notices
import rules
import tidy
from cpp_source import CppSource


def modules(*rows):
    return {name: layers.Module(name, folder, layer, uses) for name, folder, layer, uses in rows}


TABLE = modules(
    ("base", "src/marty/base", "0", []),
    ("json", "src/marty/json", "0", ["base"]),
    ("http", "src/marty/http", "2", ["base"]),
    ("service", "src/marty/service", "3", ["http", "json"]),
    ("sqlite", "drivers/sqlite", "driver", ["base"]),
)


def violations(relative, text, table=TABLE):
    return [what for _, what, _ in tidy.check_file(table, relative, text)]


def function(lines, head="void f() {"):
    return head + "\n" + "  g();\n" * (lines - 2) + "}\n"


class FunctionLength(unittest.TestCase):
    def lengths(self, text):
        return [lines for _, lines in CppSource(text).functions()]

    def test_a_function_counts_from_brace_to_brace(self):
        self.assertEqual(self.lengths(function(5)), [5])

    def test_methods_and_nested_namespaces_are_seen(self):
        self.assertEqual(
            self.lengths("namespace a::b {\nclass C : D<int> {\n public:\n  int f() const { return 1; }\n};\n}\n"), [1]
        )

    def test_templates_trailing_types_and_test_macros_are_functions(self):
        self.assertEqual(self.lengths("template <class T>\nauto f(T x) -> int\n{\n}\nTEST(A, b) {\n}\n"), [2, 2])

    def test_a_constructor_with_brace_initialisers_counts_its_body(self):
        self.assertEqual(self.lengths("C::C() : a_{1}, b_(2), c_{3} {\n  f();\n}\n"), [3])

    def test_braces_in_literals_comments_and_macros_do_not_count(self):
        text = (
            'void f() {\n  g(\'{\', "{", R"x({)" })x");  // {\n  /* { */ h(1\'000);\n}\n#define M(x) \\\n  {\nint i;\n'
        )
        self.assertEqual(self.lengths(text), [4])

    def test_tables_and_enums_are_no_functions(self):
        self.assertEqual(
            self.lengths("enum class E { a };\nconst Row rows[] = {\n{1},\n{2},\n};\nstruct S { int x{0}; };\n"), []
        )

    def test_a_lambda_counts_with_the_function_around_it(self):
        self.assertEqual(self.lengths("void f() {\n  auto l = [](int x) {\n    return x;\n  };\n}\n"), [5])

    def test_71_lines_are_too_many_and_70_are_not(self):
        self.assertEqual(violations("src/marty/base/a.cpp", function(70)), [])
        self.assertIn("the function has 71 lines", violations("src/marty/base/a.cpp", function(71))[0])

    def test_a_table_may_say_that_it_is_one(self):
        table = function(71, "void f() {  // tidy:allow(function): a table")
        self.assertEqual(violations("src/marty/base/a.cpp", table), [])


class Codes(unittest.TestCase):
    def test_what_ran_out_is_the_caller_s_fault_only_where_a_line_says_so(self):
        blames = 'void f() {\n  throw Error(Code::resource_exhausted, "disk full");\n}\n'
        self.assertIn("tells the caller to send less", violations("drivers/sqlite/a.cpp", blames)[0])
        self.assertEqual(violations("drivers/sqlite/a_test.cpp", blames), [])
        said = blames.replace("full\");", 'full");  // tidy:allow(caller): the quota is theirs')
        self.assertEqual(violations("drivers/sqlite/a.cpp", said), [])
        self.assertEqual(violations("drivers/sqlite/a.cpp", 'void f() { throw Error::exhausted("disk full"); }\n'), [])

    def test_an_error_is_not_made_of_another_one_s_code(self):
        text = 'void f() {\n  throw Error(error.code(), "x: " + error.message());\n}\n'
        self.assertIn("loses its HTTP status", violations("src/marty/base/a.cpp", text)[0])


class FilesAndLines(unittest.TestCase):
    def test_401_lines_are_too_many(self):
        self.assertEqual(violations("src/marty/base/a.cpp", "int x;\n" * 400), [])
        self.assertIn("the file has 401 lines", violations("src/marty/base/a.cpp", "int x;\n" * 401)[0])

    def test_long_lines_are_found_but_not_in_raw_strings(self):
        self.assertIn("121 columns", violations("src/marty/base/a.cpp", "/" * 121 + "\n")[0])
        self.assertEqual(violations("src/marty/base/a.cpp", f'auto x = R"({"y" * 200})";\n'), [])

    def test_words_of_unfinished_work_and_machine_paths_are_found_everywhere(self):
        self.assertIn("'TODO'", violations("docs/guide.md", "TODO: write this\n")[0])
        self.assertIn("path of one machine", violations("README.md", "see /home/me/x\n")[0])
        self.assertEqual(violations("README.md", "see ../home/x and https://host/work/\n"), [])

    def test_a_file_outside_of_every_module_is_found(self):
        self.assertIn("no marty_module()", violations("src/marty/lost/a.cpp", "int x;\n")[0])
        self.assertEqual(violations("src/marty/base/internal/a.cpp", "int x;\n"), [])


class Headers(unittest.TestCase):
    good = "// What it is.\n#pragma once\n"

    def test_a_public_header_needs_its_comment_and_pragma_once(self):
        self.assertEqual(violations("src/marty/base/a.hpp", self.good), [])
        self.assertEqual(len(violations("src/marty/base/a.hpp", "int x;\n")), 2)

    def test_heavy_includes_are_banned_in_public_headers_only(self):
        for heavy in (
            "boost/asio.hpp",
            "nlohmann/json.hpp",
            "regex",
            "iostream",
            "sqlite3.h",
            "fmt/format.h",
            "ares.h",
            "openssl/ssl.h",
        ):
            self.assertIn(
                "compile time", violations("src/marty/base/a.hpp", self.good + f"#include <{heavy}>\n")[0], heavy
            )
            self.assertEqual(
                violations("src/marty/base/internal/a.hpp", self.good + f"#include <{heavy}>\n"), [], heavy
            )

    def test_pfr_may_stand_in_reflect_alone(self):
        table = modules(("reflect", "src/marty/reflect", "0", []))
        self.assertEqual(
            violations("src/marty/reflect/a.hpp", self.good + "#include <boost/pfr/core.hpp>\n", table), []
        )
        self.assertNotEqual(violations("src/marty/base/a.hpp", self.good + "#include <boost/pfr/core.hpp>\n"), [])

    def test_a_public_header_does_not_lean_on_an_internal_one(self):
        self.assertIn("not installed", violations("src/marty/base/a.hpp", self.good + '#include "internal/b.hpp"\n')[0])


class Calls(unittest.TestCase):
    def test_the_outside_world_is_banned_outside_of_the_runtime(self):
        for call in (
            "auto t = std::chrono::steady_clock::now();",
            "clock_gettime(CLOCK_REALTIME, &t);",
            "int r = rand();",
            "std::random_device d;",
            "std::thread t(f);",
            "std::this_thread::sleep_for(1s);",
            "::socket(1, 2, 3);",
            "::send(fd, p, n, 0);",
            "epoll_wait(a, b, c, d);",
            "time(nullptr);",
        ):
            text = "void f() { " + call + " }\n"
            self.assertIn("behind the runtime", " ".join(violations("src/marty/http/a.cpp", text)), call)
            self.assertEqual(
                violations("src/marty/runtime/a.cpp", text, modules(("runtime", "src/marty/runtime", "1", []))),
                [],
                call,
            )

    def test_lawful_neighbours_pass(self):
        text = (
            "// std::thread\nauto a = std::bind(f); peer.send(x); loop->connect(y); runtime::sleep_for(z);\n"
            "int b = operand(3) + clock.time(0) + random.next();\n"
        )
        self.assertEqual(violations("src/marty/http/a.cpp", text), [])

    def test_tests_may_use_threads_and_sockets_but_never_sleep_nor_roll_dice(self):
        self.assertEqual(
            violations("src/marty/http/a_test.cpp", "void f() { std::thread t(g); ::connect(a, b, c); }\n"), []
        )
        self.assertEqual(
            len(violations("src/marty/http/a_test.cpp", "void f() { std::this_thread::sleep_for(x); rand(); }\n")), 2
        )

    def test_a_line_may_say_why_it_is_an_exception(self):
        self.assertEqual(
            violations("src/marty/http/a.cpp", "std::thread t;  // tidy:allow(thread): the loader's own\n"), []
        )
        self.assertNotEqual(violations("src/marty/http/a.cpp", "std::thread t;  // tidy:allow(clock)\n"), [])


class TestNames(unittest.TestCase):
    def test_a_test_is_named_like_a_function(self):
        found = violations("src/marty/http/a_test.cpp", "TEST_F(Server,\n       Works) {}\n")
        self.assertIn("'Works' is not", found[0])
        self.assertEqual(violations("src/marty/http/a_test.cpp", "TEST(Server, works_2_times) {}\n"), [])


class ListFields(unittest.TestCase):
    def test_the_first_line_of_a_list_is_not_read_for_all_of_it(self):
        for read in ('request.header("accept")', 'headers.find("if-match")', 'list.get( "Vary" )'):
            self.assertIn("first line alone", violations("src/marty/http/a.cpp", f"auto x = {read};\n")[0])

    def test_other_fields_tests_and_writes_pass(self):
        for line in ('x.header("content-type");', 'x.set_header("vary", "a");', 'x.list("accept");', '// x.get("te")'):
            self.assertEqual(violations("src/marty/http/a.cpp", line + "\n"), [])
        self.assertEqual(violations("src/marty/http/a_test.cpp", 'x.header("vary");\n'), [])


class Layers(unittest.TestCase):
    def test_an_include_must_be_of_a_declared_module(self):
        self.assertEqual(
            violations("src/marty/json/a.cpp", "#include <marty/base/error.hpp>\n#include <marty/json/b.hpp>\n"), []
        )
        self.assertIn(
            "does not declare that it uses http", violations("src/marty/json/a.cpp", "#include <marty/http/a.hpp>\n")[0]
        )

    def test_what_is_used_by_what_one_uses_is_allowed(self):
        self.assertEqual(violations("src/marty/service/a.cpp", "#include <marty/base/error.hpp>\n"), [])

    def test_nobody_below_includes_the_service(self):
        self.assertIn(
            "nobody includes service", violations("src/marty/http/a.cpp", '#include "marty/service/a.hpp"\n')[0]
        )

    def test_nobody_includes_a_driver_that_it_does_not_declare(self):
        self.assertIn("uses sqlite", violations("src/marty/http/a.cpp", "#include <sqlite/sqlite.hpp>\n")[0])

    def test_an_include_in_a_comment_or_a_raw_string_is_none(self):
        self.assertEqual(
            violations(
                "src/marty/json/a.cpp",
                '// #include <marty/http/a.hpp>\nauto x = R"(\n#include <marty/http/a.hpp>\n)";\n',
            ),
            [],
        )

    def test_a_table_that_points_up_is_refused(self):
        wrong = modules(("low", "src/marty/low", "0", ["high"]), ("high", "src/marty/high", "2", ["lost"]))
        self.assertEqual(
            [what for _, what, _ in layers.check_table(wrong)],
            ["layer 0 uses 'high' of layer 2; dependencies point down", "uses 'lost', which is no module"],
        )
        self.assertEqual(list(layers.check_table(TABLE)), [])


class Notices(unittest.TestCase):
    def check(self, page, cmake, package="{}"):
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            (root / "cmake").mkdir()
            (root / notices.PAGE).write_text(page)
            (root / notices.DEPENDENCIES).write_text(cmake)
            (root / "package.json").write_text(package)
            return list(notices.check(root))

    def test_what_is_asked_for_is_named_with_its_licence(self):
        page = "| asked for as | x |\n| `fmt` | {fmt} | MIT |\n| `redoc` | Redoc | MIT |\n"
        cmake = "find_dependency(Threads)\nfind_dependency(fmt 9 REQUIRED)\n"
        self.assertEqual(self.check(page, cmake, '{"dependencies": {"redoc": "2"}}'), [])

    def test_a_library_without_a_row_and_a_row_without_a_library_are_found(self):
        found = self.check("| `fmt` | {fmt} | MIT |\n", "pkg_check_modules(cares REQUIRED libcares)\n")
        self.assertEqual(len(found), 2)
        self.assertIn("cares is used", found[0])
        self.assertIn("fmt is named", found[1])


class WholeTree(unittest.TestCase):
    def test_violations_of_a_tree_name_file_and_line(self):
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            (root / "src/marty/base").mkdir(parents=True)
            (root / "src/marty/base/a.cpp").write_text("int x;\nint y = rand();\n")
            (root / "node_modules").mkdir()
            found = tidy.check_tree(root, TABLE)
        self.assertEqual(len(found), 1)
        self.assertTrue(found[0].startswith("src/marty/base/a.cpp:2: 'rand(': randomness is behind the runtime"), found)


if __name__ == "__main__":
    unittest.main()
