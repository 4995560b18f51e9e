/*
 * Two buffers: one is written by the camera interface while the other is measured. A picture that is complete before the
 * one before is measured is written over. Not run on silicon by us.
 */
#include "p8_dcmipp.h"

#include "main.h" /* CubeMX: HAL, hdcmipp */

#if P8_CAMERA
#include <stdatomic.h>

extern DCMIPP_HandleTypeDef hdcmipp;

static struct {
    uint8_t *buffers[2];
    p8_picture_t picture;
    size_t bytes;
    p8_lcd_t lcd;
    unsigned writing; /* which buffer the camera interface writes: the interrupt's own */
    _Atomic uint32_t left_out;
} camera;

void p8_dcmipp_begin(uint8_t *const buffers[2], size_t width, size_t height, p8_format_t format, const p8_lcd_t *lcd)
{
    const size_t pixel_bytes = format == P8_RGBA8888 ? 4 : format == P8_YUYV || format == P8_RGB565 ? 2 : 3;
    camera.buffers[0] = buffers[0];
    camera.buffers[1] = buffers[1];
    camera.bytes = width * height * pixel_bytes;
    camera.lcd = *lcd;
    camera.picture = (p8_picture_t){buffers[0], width, height, width * pixel_bytes, format};
}

uint32_t p8_dcmipp_left_out(void)
{
    return atomic_load(&camera.left_out);
}

/* The vendor's callback, in the interrupt. */
void HAL_DCMIPP_PIPE_FrameEventCallback(DCMIPP_HandleTypeDef *handle, uint32_t pipe)
{
    const unsigned ready = camera.writing;
    p8_picture_t picture = camera.picture;
    picture.data = camera.buffers[ready];
    if (!picture.data) {
        return;
    }
    SCB_InvalidateDCache_by_Addr(camera.buffers[ready], (int32_t)camera.bytes);
    if (!p8_port_picture(&picture, p8_dcmipp_now_us())) {
        atomic_store(&camera.left_out, atomic_load(&camera.left_out) + 1);
        return; /* the other buffer is still being read: the next picture comes into this one again */
    }
    camera.writing = 1 - ready;
    (void)HAL_DCMIPP_PIPE_SetMemoryAddress(handle, pipe, DCMIPP_MEMORY_ADDRESS_0,
                                           (uint32_t)(uintptr_t)camera.buffers[camera.writing]);
}

void p8_port_number(const p8_number_t *number, const p8_seen_t *seen)
{
    (void)seen;
    p8_lcd_show(&camera.lcd, number);
    SCB_CleanDCache_by_Addr(camera.lcd.pixels, (int32_t)(camera.lcd.stride * camera.lcd.height * sizeof(uint16_t)));
}
#endif
