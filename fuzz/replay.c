/* Kept inputs through the C target without libFuzzer: their files are the arguments. */
#include <stdint.h>
#include <stdio.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int main(int count, char **names)
{
    static uint8_t data[1 << 16];
    for (int index = 1; index < count; index++) {
        FILE *file = fopen(names[index], "rb");
        if (!file) {
            return 1;
        }
        const size_t size = fread(data, 1, sizeof data, file);
        fclose(file);
        LLVMFuzzerTestOneInput(data, size);
    }
    return 0;
}
