"""Names of ION's that are not ION's where they stand: a file's own functions, members of a class, messages of a build.

Each stood in a public tree, and was taken for a use of ION there (docs/scan.md).
"""

from __future__ import annotations

import pytest

from bringup.scan.language import Language, language_of
from bringup.scan.readers.c_functions import Scope, is_declaration, is_static, scope_of
from bringup.scan.readers.messages import message_ranges
from bringup.scan.readers.read import read
from bringup.scan.readers.source import Source
from bringup.scan.settle import settle


def found(name: str, text: str) -> list[tuple[int, str]]:
    language = language_of(name)
    assert language is not None
    return [(use.line, use.word) for use in read(Source(name, language, text.encode())).uses]


STATIC = """\
static int ion_query_heap_cnt(int fd, int *count);
int heaps(int fd) { int count; return ion_query_heap_cnt(fd, &count) ? 0 : count; }
static int
ion_query_heap_cnt(int fd, int *count) { return ioctl(fd, ION_IOC_HEAP_QUERY, count); }
"""


@pytest.mark.usefixtures("parser")
def test_a_static_function_of_the_file_is_its_own() -> None:
    assert found("a.c", STATIC) == [(4, "ION_IOC_HEAP_QUERY")]


@pytest.mark.usefixtures("parser")
@pytest.mark.parametrize(
    ("name", "text", "calls"),
    [
        ("a.c", STATIC.replace("static ", ""), [1, 2, 4]),
        ("a.h", STATIC, [1, 2, 4]),  # a header's function is for all who include it
        ("a.c", STATIC.replace("static int", "/* static int f(int) */ int"), [1, 2, 4]),
        ("a.c", "static int fd = ion_query_heap_cnt(0, &n);\n", [1]),
        ("a.c", "static int (*ion_query_heap_cnt)(int, int *);\nint n = ion_query_heap_cnt(0, &n);\n", [1, 2]),
        ("a.c", "#if 0\n" + STATIC + "#endif\nint f(void) { return ion_query_heap_cnt(0, &n); }\n", [7]),
    ],
)
def test_a_function_that_is_not_static_there_is_ions(name: str, text: str, calls: list[int]) -> None:
    assert [line for line, word in found(name, text) if word == "ion_query_heap_cnt"] == calls


CLASS = """\
class Wrapper : public Base {
 public:
  int ion_alloc_mm(int fd, size_t size);
  int all(int fd) { return ion_alloc_mm(fd, 1); }
};
int Wrapper::ion_alloc_mm(int fd, size_t size) { return pointer_(fd, size); }
int f(Wrapper *wrapper, Wrapper &other) {
  return wrapper->ion_alloc_mm(1, 2) + other.ion_alloc_mm(1, 2);
}
"""


@pytest.mark.usefixtures("parser")
def test_a_member_of_a_class_is_the_tree_s_own() -> None:
    assert found("a.cpp", CLASS) == []
    assert found("b.cpp", "int f() { return wrapper->ion_alloc_mm(1, 2); }\n") == []


@pytest.mark.usefixtures("parser")
@pytest.mark.parametrize(
    ("text", "calls"),
    [
        ("int f() { return ion_alloc_mm(1, 2); }\n", [1]),
        (CLASS.replace("return pointer_(fd, size)", "return ::ion_alloc_mm(fd, size)"), [6]),
        ("class A {\n  int f() { return ion_alloc_mm(1, 2); }\n};\n", [2]),
        ("class A;\nint ion_alloc_mm(int fd, size_t size);\n", [2]),
        ('extern "C" {\nint ion_alloc_mm(int fd, size_t size);\n}\n', [2]),
        ("namespace a {\nint ion_alloc_mm(int fd, size_t size);\n}\n", [2]),
    ],
)
def test_a_function_of_no_class_is_ions(text: str, calls: list[int]) -> None:
    assert [line for line, word in found("a.cpp", text) if word == "ion_alloc_mm"] == calls


@pytest.mark.usefixtures("parser")
def test_what_a_class_defines_is_not_ions_in_other_files() -> None:
    header = "class Codec {\n" + "  int a;\n" * 600 + "  char *ion_map(int fd, int length);\n};\n"
    source = "char *Codec::ion_map(int fd, int length) { return mmap(fd, length); }\n"
    readings = [
        read(Source(name, Language.C, text.encode())) for name, text in (("codec.h", header), ("codec.cpp", source))
    ]
    assert list(settle(readings)) == []
    assert [use.word for use in settle(readings[:1])] == ["ion_map"]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("#define HWC_NO_ION_FD ((int)(~0U >> 1))", []),
        ("#define HWC_NO_ION_FD 0x10", []),
        ("#define HWC_NO_ION", ["HWC_NO_ION"]),
        ("#define HWC_NO_ION (1) // on", ["HWC_NO_ION"]),
        ("#define USE_ION other", ["USE_ION"]),  # a name that is known to be a switch
        ("#ifdef HWC_NO_ION", ["HWC_NO_ION"]),
    ],
)
def test_a_macro_with_a_value_is_no_switch(line: str, words: list[str]) -> None:
    assert [word for _, word in found("a.h", line + "\n")] == words


@pytest.mark.parametrize(
    ("path", "side"),
    [
        ("drivers/vision/iva/mem.h", "kernel"),
        ("include/soc/samsung/secmem.h", "kernel"),
        ("sound/abox.c", "kernel"),
        ("hal/drivers/vision/mem.h", "user"),
        ("include/socket.h", "user"),
    ],
)
def test_folders_of_a_kernel(path: str, side: str) -> None:
    assert [use.side for use in read(Source(path, Language.C, b"#ifdef CONFIG_ION\n")).uses] == [side]


def test_methods_of_libdmabufheap_are_members() -> None:
    assert found("a.cpp", 'allocator.MapNameToIonHeap("system", "");\n') == [(1, "MapNameToIonHeap")]


@pytest.mark.parametrize(
    ("text", "scope"),
    [
        (b"a.", Scope.MEMBER),
        (b"a->\n  ", Scope.MEMBER),
        (b"A::", Scope.MEMBER),
        (b"A<int>::", Scope.MEMBER),
        (b"TEST_F(Fixture, ", Scope.MEMBER),
        (b"TEST(Fixture); f(a, ", Scope.PLAIN),
        (b"return ::", Scope.GLOBAL),
        (b"(::", Scope.GLOBAL),
        (b"", Scope.PLAIN),
        (b"int ", Scope.PLAIN),
        (b"a - ", Scope.PLAIN),
    ],
)
def test_scopes(text: bytes, scope: Scope) -> None:
    assert scope_of(text + b"ion_free(x)", len(text)) is scope


@pytest.mark.parametrize(
    ("before", "after", "declared", "static"),
    [
        (b"int ", b"(int a);", True, False),
        (b"static inline struct ion_client *", b"(void) {", True, True),
        (b"  virtual void* ", b" (int a) = 0;", True, False),
        (b"static int x = ", b"(1);", False, False),
        (b"static int ", b" = 3;", False, False),
        (b"", b"(1);", False, False),
        (b"f(", b"(1));", False, False),
        (b"static A a{", b"()};", False, False),
        (b"int " + b" " * 300, b"(int a);", False, False),  # so far back no type is looked for
    ],
)
def test_declarations(before: bytes, after: bytes, *, declared: bool, static: bool) -> None:
    data = b"x;\n" + before + b"ion_open" + after
    start, end = 3 + len(before), 3 + len(before) + 8
    assert (is_declaration(data, start, end), is_static(data, start, end)) == (declared, static)


@pytest.mark.parametrize(
    ("name", "message", "near"),
    [
        ("Android.mk", "$(error TARGET_USES_ION is not set)", "$(call error_of,$(TARGET_USES_ION))"),
        ("Android.mk", "$(warning USE_ION=$(USE_ION) is old)", "$(warnings USE_ION)"),
        ("Android.mk", "${info libion of $(word 1,$(A)) is old}", "$(filter info, libion)"),
        ("CMakeLists.txt", 'message(STATUS "without libion")', 'set(message "libion")'),
        ("configure.ac", "AC_MSG_ERROR([/dev/ion is not there])", "AC_CHECK_FILE([/dev/ion])"),
        ("meson.build", "error('no libion')", "an_error = dependency('libion')"),
        ("BUILD", 'fail("no libion")', 'deps = ["libion"]'),
    ],
)
def test_a_message_of_a_build_is_no_use(name: str, message: str, near: str) -> None:
    assert found(name, f"\n{message}\n") == []
    assert found(name, f"\n{near}\n") != []
    assert [line for line, _ in found(name, f"\n{message}\n{near}\n")] == [3]


def test_a_message_that_is_never_closed_ends_with_its_line() -> None:
    language = language_of("a.mk")
    assert language is not None
    assert message_ranges(b"$(info a (b)\nx)\n", language) == [(0, 12)]
    assert message_ranges(b"message(a (b)\nx\n", language) == [(0, 13)]
    assert message_ranges(b"$(info " * 3 + b"x" * 100_000, language) == [(0, 7 + 2000)]
    assert message_ranges(b"message(" + b"\n" * 1999 + b")", language) == [(0, 8 + 2000)]
    assert message_ranges(b"message(" + b"\n" * 2000 + b")", language) == [(0, 8)]
    assert message_ranges(b"(" * 1000, language) == []


@pytest.mark.parametrize(
    ("name", "text", "word", "near"),
    [
        ("BoardConfig.mk", "BOARD_USES_ION := true", "BOARD_USES_ION", "BOARD_USES_IONIC := true"),
        ("a.h", "#define NEW_ION_API 1", "NEW_ION_API", "#define NEW_ION_APIS 1"),
        ("a.h", "#if defined(SUPPORT_ION)", "SUPPORT_ION", "#if defined(SUPPORT_IONS)"),
        (
            "Android.mk",
            "LOCAL_C_INCLUDES := a/libion/include",
            "libion/include",
            "LOCAL_C_INCLUDES := a/libions/include",
        ),
    ],
)
def test_switches_and_folders_that_public_trees_have(name: str, text: str, word: str, near: str) -> None:
    assert found(name, text + "\n") == [(1, word)]
    assert found(name, near + "\n") == []


@pytest.mark.usefixtures("parser")
@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("#include <ui/GraphicBufferAllocator.h>\n", "to do"),  # of Android's user interface, no heap
        ("HWCBufferAllocator *allocator;\n", "to do"),
        ("#include <BufferAllocator/BufferAllocator.h>\n", "way back"),
        ("BufferAllocator *allocator;\n", "way back"),
    ],
)
def test_an_allocator_of_another_name_is_not_libdmabufheaps(text: str, status: str) -> None:
    reading = read(Source("a.cpp", Language.C, f"{text}int fd = ion_open();\n".encode()))
    assert [use.status for use in settle([reading])] == [status]


@pytest.mark.usefixtures("parser")
def test_a_list_of_all_heaps_is_no_call() -> None:
    text = (
        b"enum ion_heap_type : int {\n ION_HEAP_TYPE_SYSTEM,\n ION_HEAP_TYPE_SYSTEM_CONTIG,\n ION_HEAP_TYPE_DMA,\n};\n"
    )
    uses = {use.word: use.heap for use in read(Source("a.h", Language.C, text)).uses}
    assert uses["ION_HEAP_TYPE_DMA"] == "cma"
    assert "cma" not in (uses["ION_HEAP_TYPE_SYSTEM"] or "")


@pytest.mark.parametrize("name", ["linux_ion.h", "kernel/ion.h", "ion_uapi-4.12.h", "msm_ion.h"])
def test_a_copy_of_ions_header_is_ion_itself_under_any_name(name: str) -> None:
    reading = read(Source(name, Language.C, b"enum ion_heap_type { X };\nstruct ion_fd_data { int fd; };\n"))
    assert [(use.word, use.status) for use in settle([reading])] == [
        ("ion_heap_type", "ION itself"),
        ("ion_fd_data", "ION itself"),
    ]
    other = read(Source("session.h", Language.C, b"struct ion_fd_data { int fd; };\n"))
    assert [use.status for use in settle([other])] == ["to do"]


@pytest.mark.parametrize("name", ["meson.build", "configure.ac", "CMakeLists.txt", "BUILD"])
def test_a_build_that_probes_for_both_headers_is_moved(name: str) -> None:
    language = language_of(name)
    assert language is not None
    probe = "if x('linux/ion.h') or x('linux/dma-heap.h')\n"
    for text, status in ((probe, "moved"), (probe.replace("dma-heap", "dma"), "to do")):
        reading = read(Source(name, language, text.encode()))
        assert [(use.rule, use.status) for use in settle([reading])] == [("ion.header", status)]


@pytest.mark.parametrize("word", ["debugfs_ion", "debugfs_ion_heap", "sysfs_ion_stat"])
def test_a_type_of_ions_statistics_gets_no_rule_for_a_heap(word: str) -> None:
    text = f"allow hal_memtrack_default {word}:file r_file_perms;\n"
    (use,) = read(Source("a.te", Language.SEPOLICY, text.encode())).uses
    assert (use.word, use.rule) == (word, "ion.sysfs")
    assert "dmabuf_system_heap_device" not in use.replacement


@pytest.mark.usefixtures("parser")
def test_an_answer_to_codec2_is_no_way_back_of_what_allocates() -> None:
    """As in Samsung's ExynosIONUtils.cpp, which names the question for heaps once and allocates from ION alone."""
    text = b"C2StoreDmaBufUsageInfo *a;\nC2StoreIonUsageInfo *b;\nint fd = ion_open();\n"
    reading = read(Source("a.cpp", Language.C, text))
    assert [(use.word, use.status) for use in settle([reading])] == [
        ("C2StoreIonUsageInfo", "way back"),
        ("ion_open", "to do"),
    ]
