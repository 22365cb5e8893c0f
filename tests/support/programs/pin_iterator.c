/* Pins a BPF iterator over DMA-BUFs where Android has it, as its bpfloader does: reading the file prints inode, size, name and
 * exporter of each buffer, a line each (AOSP libmeminfo's dmabufIter.c; Linux, selftests/bpf/progs/dmabuf_iter.c).
 *
 * pin_iterator PATH. Linux 6.16 and later, with BTF: the places of fields are read from /sys/kernel/btf/vmlinux. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/btf.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static char *types, *strings, *types_end;

static void fail(const char *what)
{
    perror(what);
    exit(1);
}

static void read_btf(void)
{
    struct stat file;
    int fd = open("/sys/kernel/btf/vmlinux", O_RDONLY);
    if (fd < 0 || fstat(fd, &file) != 0)
        fail("/sys/kernel/btf/vmlinux");
    char *data = malloc((size_t)file.st_size);
    for (off_t done = 0; done < file.st_size;) {
        ssize_t size = read(fd, data + done, (size_t)(file.st_size - done));
        if (size <= 0)
            fail("/sys/kernel/btf/vmlinux");
        done += size;
    }
    struct btf_header header;
    memcpy(&header, data, sizeof header);
    types = data + header.hdr_len + header.type_off;
    types_end = types + header.type_len;
    strings = data + header.hdr_len + header.str_off;
    close(fd);
}

static size_t size_of_rest(const struct btf_type *type)
{
    size_t count = BTF_INFO_VLEN(type->info);
    switch (BTF_INFO_KIND(type->info)) {
    case BTF_KIND_INT:
    case BTF_KIND_VAR:
    case BTF_KIND_DECL_TAG:
        return 4;
    case BTF_KIND_ARRAY:
        return sizeof(struct btf_array);
    case BTF_KIND_STRUCT:
    case BTF_KIND_UNION:
    case BTF_KIND_DATASEC:
    case BTF_KIND_ENUM64:
        return 12 * count;
    case BTF_KIND_ENUM:
    case BTF_KIND_FUNC_PROTO:
        return 8 * count;
    default:
        return 0;
    }
}

/* The number of a type with this name and kind; `*found`: where it is. */
static uint32_t find_type(const char *name, unsigned kind, struct btf_type **found)
{
    uint32_t id = 1;
    for (char *at = types; at < types_end; id++) {
        struct btf_type *type = (struct btf_type *)at;
        if (BTF_INFO_KIND(type->info) == kind && strcmp(strings + type->name_off, name) == 0) {
            *found = type;
            return id;
        }
        at += sizeof *type + size_of_rest(type);
    }
    fprintf(stderr, "no %s in BTF\n", name);
    exit(1);
}

static int16_t place_of(const char *structure, const char *field)
{
    struct btf_type *type;
    find_type(structure, BTF_KIND_STRUCT, &type);
    struct btf_member *member = (struct btf_member *)(type + 1);
    for (unsigned i = 0; i < BTF_INFO_VLEN(type->info); i++)
        if (strcmp(strings + member[i].name_off, field) == 0)
            return (int16_t)((BTF_INFO_KFLAG(type->info) ? member[i].offset & 0xffffff : member[i].offset) / 8);
    fprintf(stderr, "no %s in %s\n", field, structure);
    exit(1);
}

static int bpf(int command, union bpf_attr *attributes)
{
    return (int)syscall(SYS_bpf, command, attributes, sizeof *attributes);
}

static struct bpf_insn program[64];
static unsigned length;

static void add(uint8_t code, uint8_t to, uint8_t from, int16_t off, int32_t value)
{
    program[length++] = (struct bpf_insn){.code = code, .dst_reg = to, .src_reg = from, .off = off, .imm = value};
}

static void load(uint8_t to, uint8_t from, int16_t off)
{
    add(BPF_LDX | BPF_MEM | BPF_DW, to, from, off, 0);
}

static void store(int16_t off, uint8_t from)
{
    add(BPF_STX | BPF_MEM | BPF_DW, BPF_REG_10, from, off, 0);
}

static void copy(uint8_t to, uint8_t from)
{
    add(BPF_ALU64 | BPF_MOV | BPF_X, to, from, 0, 0);
}

static void set(uint8_t to, int32_t value)
{
    add(BPF_ALU64 | BPF_MOV | BPF_K, to, 0, 0, value);
}

/* r1: struct bpf_iter__dmabuf: meta, dmabuf. On the stack: the format at -16, its four values at -48. */
static void assemble(void)
{
    static const char format[16] = "%lu\n%lu\n%s\n%s\n";
    uint64_t words[2];
    memcpy(words, format, sizeof words);
    load(BPF_REG_6, BPF_REG_1, 0);
    load(BPF_REG_7, BPF_REG_1, 8);
    unsigned jump = length;
    add(BPF_JMP | BPF_JEQ | BPF_K, BPF_REG_7, 0, 0, 0);
    for (int i = 0; i < 2; i++) {
        add(BPF_LD | BPF_IMM | BPF_DW, BPF_REG_1, 0, 0, (int32_t)words[i]);
        add(0, 0, 0, 0, (int32_t)(words[i] >> 32));
        store((int16_t)(-16 + 8 * i), BPF_REG_1);
    }
    load(BPF_REG_1, BPF_REG_7, place_of("dma_buf", "file"));
    load(BPF_REG_1, BPF_REG_1, place_of("file", "f_inode"));
    load(BPF_REG_1, BPF_REG_1, place_of("inode", "i_ino"));
    store(-48, BPF_REG_1);
    load(BPF_REG_1, BPF_REG_7, place_of("dma_buf", "size"));
    store(-40, BPF_REG_1);
    load(BPF_REG_1, BPF_REG_7, place_of("dma_buf", "name"));
    store(-32, BPF_REG_1);
    load(BPF_REG_1, BPF_REG_7, place_of("dma_buf", "exp_name"));
    store(-24, BPF_REG_1);
    load(BPF_REG_1, BPF_REG_6, 0); /* struct bpf_iter_meta: seq comes first */
    copy(BPF_REG_2, BPF_REG_10);
    add(BPF_ALU64 | BPF_ADD | BPF_K, BPF_REG_2, 0, 0, -16);
    set(BPF_REG_3, sizeof format);
    copy(BPF_REG_4, BPF_REG_10);
    add(BPF_ALU64 | BPF_ADD | BPF_K, BPF_REG_4, 0, 0, -48);
    set(BPF_REG_5, 32);
    add(BPF_JMP | BPF_CALL, 0, 0, 0, BPF_FUNC_seq_printf);
    program[jump].off = (int16_t)(length - jump - 1);
    set(BPF_REG_0, 0);
    add(BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
}

int main(int argc, char **argv)
{
    static char log[65536];
    struct btf_type *type;
    if (argc != 2)
        return 2;
    read_btf();
    assemble();
    union bpf_attr attributes = {
        .prog_type = BPF_PROG_TYPE_TRACING,
        .insn_cnt = length,
        .insns = (uintptr_t)program,
        .license = (uintptr_t) "GPL",
        .log_level = 1,
        .log_size = sizeof log,
        .log_buf = (uintptr_t)log,
        .expected_attach_type = BPF_TRACE_ITER,
        .attach_btf_id = find_type("bpf_iter_dmabuf", BTF_KIND_FUNC, &type),
    };
    int loaded = bpf(BPF_PROG_LOAD, &attributes);
    if (loaded < 0) {
        fputs(log, stderr);
        fail("BPF_PROG_LOAD");
    }
    attributes = (union bpf_attr){.link_create = {.prog_fd = (uint32_t)loaded, .attach_type = BPF_TRACE_ITER}};
    int link = bpf(BPF_LINK_CREATE, &attributes);
    if (link < 0)
        fail("BPF_LINK_CREATE");
    attributes = (union bpf_attr){.pathname = (uintptr_t)argv[1], .bpf_fd = (uint32_t)link};
    if (bpf(BPF_OBJ_PIN, &attributes) != 0)
        fail(argv[1]);
    return 0;
}
