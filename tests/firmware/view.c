/* A square of a picture as the face detector and the follower see it: format, width, height, stride, square. */
#include "p8_view.h"

#include <stdio.h>
#include <stdlib.h>

static uint8_t pixels[1 << 22];
static int8_t codes[P8_VIEW_SIDE * P8_VIEW_SIDE * 3];
static int16_t luma[P8_LUMA_SIDE * P8_LUMA_SIDE];

int main(int count, char **words)
{
    if (count != 8 || !fread(pixels, 1, sizeof pixels, stdin)) {
        return 2;
    }
    const p8_picture_t picture = {pixels, (size_t)atol(words[2]), (size_t)atol(words[3]), (size_t)atol(words[4]),
                                  (p8_format_t)atoi(words[1])};
    const p8_square_t square = {atoi(words[5]), atoi(words[6]), atoi(words[7])};
    if (!p8_picture_usable(&picture)) {
        return 3;
    }
    p8_view_codes(&picture, square, codes);
    p8_view_luma(&picture, square, luma);
    fwrite(codes, 1, sizeof codes, stdout);
    fwrite(luma, 1, sizeof luma, stdout);
    return 0;
}
