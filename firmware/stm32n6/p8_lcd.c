#include "p8_lcd.h"

#include "p8_model.h"

#if P8_CAMERA

#define INK 0xFFFF
#define DIM 0x7BEF
#define NO_NUMBER 10 /* the middle bar alone */

/* Bars of a digit: top, upper right, lower right, bottom, lower left, upper left, middle. */
static const uint8_t bars_of[] = {0x3F, 0x06, 0x5B, 0x4F, 0x66, 0x6D, 0x7D, 0x07, 0x7F, 0x6F, 0x40};

static void fill(const p8_lcd_t *lcd, size_t x, size_t y, size_t width, size_t height, uint16_t colour)
{
    for (size_t row = y; row < y + height && row < lcd->height; row++) {
        for (size_t column = x; column < x + width && column < lcd->width; column++) {
            lcd->pixels[row * lcd->stride + column] = colour;
        }
    }
}

/* A digit of 4 x 7 units. */
static void digit(const p8_lcd_t *lcd, size_t x, size_t y, size_t unit, uint32_t value, uint16_t colour)
{
    static const struct {
        uint8_t x, y, width, height;
    } places[7] = {{0, 0, 4, 1}, {3, 0, 1, 4}, {3, 3, 1, 4}, {0, 6, 4, 1}, {0, 3, 1, 4}, {0, 0, 1, 4}, {0, 3, 4, 1}};
    for (size_t bar = 0; bar < 7; bar++) {
        if (bars_of[value] >> bar & 1) {
            fill(lcd, x + places[bar].x * unit, y + places[bar].y * unit, places[bar].width * unit,
                 places[bar].height * unit, colour);
        }
    }
}

/* Right-aligned, without zeros in front. */
static void digits(const p8_lcd_t *lcd, size_t right, size_t y, size_t unit, uint32_t value, uint16_t colour)
{
    size_t x = right;
    do {
        x -= 5 * unit;
        digit(lcd, x, y, unit, value % 10, colour);
        value /= 10;
    } while (value);
}

void p8_lcd_show(const p8_lcd_t *lcd, const p8_number_t *number)
{
    const size_t unit = lcd->width / 24 < lcd->height / 9 ? lcd->width / 24 : lcd->height / 9;
    const size_t small = unit / 2, right = 16 * unit, end = 23 * unit;
    fill(lcd, 0, 0, lcd->width, lcd->height, 0);
    if (number->reason != P8_REASON_NONE) {
        digit(lcd, right - 10 * unit, unit, unit, NO_NUMBER, DIM);
        digit(lcd, right - 5 * unit, unit, unit, NO_NUMBER, DIM);
        return;
    }
    digits(lcd, right, unit, unit, (uint32_t)(number->bpm + 0.5f), INK);
    if (number->plus_minus > 0) {
        digits(lcd, end, unit + 7 * small, small, (uint32_t)(number->plus_minus + 0.5f), DIM);
    }
}
#endif
