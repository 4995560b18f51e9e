/* The STM32N6's camera interface to the core, and the number to the display: called from main(). */
#ifndef P8_DCMIPP_H
#define P8_DCMIPP_H

#include "p8_lcd.h"
#include "p8_port.h"

#if P8_CAMERA

#ifdef __cplusplus
extern "C" {
#endif

/*
 * After p8_port_begin and once the pipe writes into buffers[0]. Both: width x height, rows without gaps, each on a cache
 * line of its own. lcd: the layer that is shown; it is copied.
 */
void p8_dcmipp_begin(uint8_t *const buffers[2], size_t width, size_t height, p8_format_t format, const p8_lcd_t *lcd);

/* Pictures that were left out, because the one before was still being measured. */
uint32_t p8_dcmipp_left_out(void);

/* The project's own: a timer that counts microseconds. */
int64_t p8_dcmipp_now_us(void);

#ifdef __cplusplus
}
#endif
#endif

#endif
