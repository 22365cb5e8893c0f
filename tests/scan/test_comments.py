"""What is no code hides no use and makes none: comments, literals, directives, what is switched off, open messages."""

from __future__ import annotations

import pytest

from bringup.scan.document import Hit, Side, Status
from bringup.scan.language import Language, language_of
from bringup.scan.readers.c_text import Code
from bringup.scan.readers.grammar import blanked, regions
from bringup.scan.readers.messages import message_ranges
from bringup.scan.readers.read import read
from bringup.scan.readers.source import Source


def uses(name: str, text: str) -> tuple[Hit, ...]:
    language = language_of(name)
    assert language is not None
    return read(Source(name, language, text.encode())).uses


def found(name: str, text: str) -> list[tuple[int, str]]:
    return [(use.line, use.word) for use in uses(name, text)]


@pytest.mark.usefixtures("parser")
@pytest.mark.parametrize(
    "before",
    [
        "// Free it.",
        "// a static buffer",
        "/* a static buffer */",
        "/* pointer-> */",
        'puts("a static buffer"),',
        "#error Free it.",
        "#define LOCAL static",
        "#define LOCAL \\\n  static",
        "#if 0\nstatic\n#endif",
        "/*\n#if 0\n*/",
        'const char *text = R"(\n#if 0\n)";',
        "#if 0\n#if 0\n#endif\n#endif",
        "return Wrapper::ion_free(1);",
        "static int open_it(void); // a static function",
    ],
)
def test_what_is_no_code_hides_no_call(before: str) -> None:
    line = before.count("\n") + 2
    assert found("a.cpp", f"{before}\n ion_free(fd, 1);\n") == [(line, "ion_free")]


@pytest.mark.usefixtures("parser")
@pytest.mark.parametrize(
    "before",
    [
        "static int /* frees it. */",
        "static // of this file\nint",
        "static\n#ifdef INLINE\ninline\n#endif\nint",
        "class A {\n// }\nint",
        'class A {\nint f() { return "}"[0]; }\nint',
        "#if 0\n#if 0\n#endif\nfoo();\n#endif\nstatic int",
        "int a = b. /* b's */",
        "int a = b->\n#ifdef X\n",
    ],
)
def test_what_is_no_code_makes_no_function_ions(before: str) -> None:
    assert found("a.cpp", f"{before} ion_free(int fd, int handle);\n") == []


@pytest.mark.usefixtures("parser")
@pytest.mark.parametrize("before", ["// a class\nnamespace a {", "/* struct { */", "#define OF class\nnamespace a {"])
def test_a_comment_or_a_directive_opens_no_class(before: str) -> None:
    assert [word for _, word in found("a.cpp", f"{before}\nint ion_free(int fd);\n")] == ["ion_free"]


def test_between_nested_directives_that_are_off_nothing_is_used() -> None:
    text = "#if 0\n#if 0\n#endif\nion_free(fd, 1);\n#endif\nion_free(fd, 2);\n"
    assert found("a.c", text) == [(6, "ion_free")]
    code = Code(text.encode(), [])
    assert code.disabled == [(5, text.rindex("#endif"))]
    assert len(code.text) == len(text)


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("x-> /* it */ heap_id_mask = 1; ion_open();\n", "heap_id_mask"),
        ("struct /* ION's */ ion_allocation_data x;\n", "ion_allocation_data"),
        ("int x = ION_HEAP /* of */ (id);\n", "ION_HEAP(id)"),
    ],
)
def test_a_comment_beside_a_name(text: str, word: str) -> None:
    assert word in [word for _, word in found("a.c", text)]


@pytest.mark.parametrize("after", ["// of libion", "/* of libion; */", "\n#ifdef X\n#endif\n"])
def test_a_comment_between_a_function_and_its_body(after: str) -> None:
    reading = read(Source("a.c", Language.C, f"int ion_free(int fd /* :-( */) {after}\n{{ return 0; }}\n".encode()))
    assert reading.defines == {"ion_free"}


@pytest.mark.usefixtures("parser")
@pytest.mark.parametrize(
    ("arguments", "heap"),
    [
        ("ION_HEAP_SYSTEM_MASK, 0", "system-uncached"),
        ("ION_HEAP_SYSTEM_MASK, 0 /* ION_FLAG_CACHED */", "system-uncached"),
        ("/* not ION_HEAP_CAMERA_MASK */ ION_HEAP_SYSTEM_MASK, 0", "system-uncached"),
        ("ION_HEAP_SYSTEM_MASK, ION_FLAG_CACHED // or 0\n", "system"),
    ],
)
def test_flags_in_a_comment_are_not_asked_for(arguments: str, heap: str) -> None:
    text = f"void f(int fd) {{ ion_alloc_fd(fd, 1, 0, {arguments}, &out); }}\n"
    assert {use.heap for use in uses("a.cpp", text) if use.word == "ION_HEAP_SYSTEM_MASK"} == {heap}


@pytest.mark.parametrize("end", ["\n", "\r\n"], ids=["LF", "CRLF"])
@pytest.mark.usefixtures("parser")
def test_a_macro_of_several_lines_is_no_part_of_the_statement_after_it(end: str) -> None:
    lines = (
        "#define MORE \\",
        "  ION_FLAG_PROTECTED",
        "int a = ion_alloc_fd(fd, 1, 0, ION_HEAP_SYSTEM_MASK, ION_FLAG_CACHED, &b);",
    )
    found = {use.word: use.heap for use in uses("a.c", end.join(lines))}
    assert found["ion_alloc_fd"] == "system"


def test_words_of_a_kernel_in_a_comment() -> None:
    assert [use.side for use in uses("a.c", "// no copy_from_user()\nvoid f(void) { ion_free(fd, 1); }\n")] == [
        Side.USER
    ]
    assert [use.side for use in uses("a.c", "void f(void) { copy_from_user(); ion_free(a, b); }\n")] == [Side.KERNEL]


def test_functions_by_name_only_where_the_code_calls_dlsym() -> None:
    assert found("a.c", '// no dlsym()\nconst char *a = "ion_free";\n') == []
    assert found("a.c", 'void *a = dlsym(b, "ion_free"); // now\n') == [(1, "ion_free")]


@pytest.mark.parametrize("note", ["// libdmabufheap is next", "/* not libdmabufheap yet */"])
def test_a_replacement_in_a_comment_is_none(note: str) -> None:
    text = 'cc_binary {{ name: "a", shared_libs: ["libion"{}] }}\n'
    assert [use.status for use in uses("Android.bp", text.format("") + note)] == [Status.TO_DO]
    assert [use.status for use in uses("Android.bp", text.format(', "libdmabufheap"'))] == [Status.MOVED]


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("Android.bp", '// name: "libion"\n', False),
        ("Android.bp", 'cc_library { name: "libion" }\n', True),
        ("a.py", 'open("/dev/ion")  # /dev/dma_heap\n', False),
        ("a.py", 'open("/dev/ion" if old else "/dev/dma_heap/system")\n', True),
    ],
)
def test_what_a_comment_says_is_not_what_the_file_does(name: str, text: str, says: bool) -> None:
    language = language_of(name)
    assert language is not None
    reading = read(Source(name, language, text.encode()))
    assert (bool(reading.builds) or reading.names_heaps) is says


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.rs", 'let quote = \'"\'; f("http://x", "/dev/ion");\n'),
        ("a.rs", 'let quote = \'\\"\'; f("http://x", "/dev/ion");\n'),
        ("a.sh", "echo don\\'t; echo 'a # b' /dev/ion\n"),
        ("a.sh", 'echo 5\\"; echo "a # b" /dev/ion\n'),
        ("a.sh", 'echo \\\\"foo # bar" /dev/ion\n'),
        ("a.sh", "echo \\\\'x # y' /dev/ion\n"),
        ("a.sh", 'echo \\\\\\"; echo "a # b" /dev/ion\n'),
        ("a.sh", "echo \\ # /dev/ion\n"),
        ("a.sh", "echo $'it\\'s # ' /dev/ion\n"),
        ("a.sh", "echo $$'it' '# ' /dev/ion\n"),
    ],
)
def test_a_quote_that_opens_no_string_makes_no_comment(name: str, text: str) -> None:
    assert found(name, text) == [(1, "/dev/ion")]


@pytest.mark.parametrize(
    ("name", "message", "use"),
    [
        ("Android.mk", "$(warning no ion :-( yet)", "LOCAL_SHARED_LIBRARIES := libion"),
        ("Android.mk", "$(warning (old) \\\n (older)", "LOCAL_SHARED_LIBRARIES := libion"),
        ("Android.mk", "# $(warning (libion", "LOCAL_SHARED_LIBRARIES := libion"),
        ("Android.mk", "define a\n$(error no\n libion)\nendef", "LOCAL_SHARED_LIBRARIES := libion"),
        ("Android.mk", "override define a =\n$(info (libion)\n)\nendef", "LOCAL_SHARED_LIBRARIES := libion"),
        ("Android.mk", "define a\n$(warning (old)\nendef", "LOCAL_SHARED_LIBRARIES := libion) #)"),
        ("Android.mk", "define a\nendef\n$(warning (old)", "LOCAL_SHARED_LIBRARIES := libion) #)"),
        ("Android.mk", "define = a\n$(warning (old)", "LOCAL_SHARED_LIBRARIES := libion) #)"),
        ("Android.mk", "${warning $(libion}", "LOCAL_SHARED_LIBRARIES := libion"),
        ("CMakeLists.txt", 'message(STATUS "looking for ion (old")', "target_link_libraries(x libion)"),
        ("CMakeLists.txt", 'message(STATUS "ion #1 (old") # (\n', "target_link_libraries(x libion)"),
        ("CMakeLists.txt", "message([=[libion ]] (]=] \\()", "target_link_libraries(x libion)"),
        ("CMakeLists.txt", "message(STATUS (libion)", "target_link_libraries(x libion)"),
        ("configure.ac", "AC_MSG_ERROR([no [/dev/ion] :-(])", "AC_CHECK_FILE([/dev/ion])"),
        ("configure.ac", "AC_MSG_CHECKING(/dev/ion :-()", "AC_CHECK_FILE([/dev/ion])"),
        ("meson.build", "error('no libion (old')", "d = dependency('libion')"),
        ("meson.build", "message('''no libion\n(old''') # (\n", "d = dependency('libion')"),
        ("meson.build", "d = '''\nmessage(\n'''", "d = dependency('libion')"),
        ("meson.build", "error('no' (\nerror('a',", "'libion')"),  # closed, and within 2,000 bytes of an open one
        ("BUILD", 'fail("no libion (old")', 'deps = ["libion"]'),
        ("BUILD", '"""what we print (or not"""', 'deps = ["libion"]'),
        ("BUILD", 'print("no", # :-(\n "libion")', 'deps = ["libion"]'),
    ],
)
def test_a_message_hides_nothing_that_follows(name: str, message: str, use: str) -> None:
    line = message.count("\n") + 2
    assert [at for at, _ in found(name, f"{message}\n{use}\n")] == [line]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("a.mk", "$(info a \\\n b)"),
        ("a.mk", "${info a )( \\\r\n b}"),
        ("a.cmake", 'message("a ) \\" )"\n  b)'),
        ("configure.ac", "AC_MSG_ERROR([a )\n ) b])"),
        ("meson.build", "error('a )',\n 'b')"),
        ("BUILD", 'fail("a )",\n "b")'),
    ],
)
def test_a_message_ends_behind_its_bracket(name: str, message: str) -> None:
    language = language_of(name)
    assert language is not None
    assert message_ranges(f"{message}\n{message}\n)".encode(), language) == [
        (0, len(message)),
        (len(message) + 1, 2 * len(message) + 1),
    ]


def test_blanked_data_stays_as_long() -> None:
    for text in (b'"', b"'a'", b'"a', b'R"(a', b"//", b"/*", b'x = "a"; // b\n'):
        assert len(blanked(text, regions(text, Language.C))) == len(text)
    text = b'x = "a"; /* b */ y\n'
    assert blanked(text, regions(text, Language.C)) == b'x = "0";         y\n'
