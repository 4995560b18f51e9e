/* The number on a display of 16 bits a pixel (red 5, green 6, blue 5), as digits of seven bars. */
#ifndef P8_LCD_H
#define P8_LCD_H

#include "p8_serve.h"

#if P8_CAMERA

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
    uint16_t *pixels;
    size_t width, height, stride; /* px; at least 120 x 60 */
} p8_lcd_t;

/* Beats per minute large, how far they may be off small; two bars where there is no number. The rest becomes black. */
void p8_lcd_show(const p8_lcd_t *lcd, const p8_number_t *number);

#ifdef __cplusplus
}
#endif
#endif

#endif
