/* Gives files to a fuzzer's target, one after the other, where there is no libFuzzer: a line per file once it is done. */
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t data_size);

static void give(const char *path)
{
    FILE *file = fopen(path, "rb");
    if (!file || fseek(file, 0, SEEK_END) != 0)
        exit(2);
    size_t size = (size_t)ftell(file);
    /* Exactly as large as the file is: what is read behind it is found. */
    unsigned char *data = malloc(size ? size : 1);
    rewind(file);
    if (!data || fread(data, 1, size, file) != size)
        exit(2);
    fclose(file);
    LLVMFuzzerTestOneInput(data, size);
    free(data);
    puts(path);
}

int main(int count, char **paths)
{
    for (int i = 1; i < count; i++)
        give(paths[i]);
    return 0;
}
