/* p8_port.c on this computer: what it sends, what it does when the UART refuses, whose a frame's pixels are. */
#include "../../firmware/stm32n6/p8_dcmipp.c"
#include "../../firmware/stm32n6/p8_lcd.c"
#include "../../firmware/stm32n6/p8_port.c"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

CoreDebug_Type core_debug;
DWT_Type dwt;
uint32_t SystemCoreClock = 800000000;
UART_HandleTypeDef huart1;

static uint8_t sent[400000];
static size_t sent_bytes, longest;
static int refuse_after = -1;
static uint32_t tick;

HAL_StatusTypeDef HAL_UART_Transmit(UART_HandleTypeDef *uart, const uint8_t *data, uint16_t bytes, uint32_t wait_ms)
{
    (void)uart;
    (void)wait_ms;
    if (refuse_after == 0) {
        return HAL_TIMEOUT;
    }
    refuse_after -= refuse_after > 0;
    memcpy(sent + sent_bytes, data, bytes);
    sent_bytes += bytes;
    longest = bytes > longest ? bytes : longest;
    return HAL_OK;
}

uint32_t HAL_GetTick(void)
{
    return tick;
}

#if P8_MONITORED
static int readings;
void p8_port_reading(const p8_reading_t *reading)
{
    (void)reading;
    readings++;
}
#endif

#define CHECK(what)                                                                                                    \
    if (!(what)) {                                                                                                     \
        printf("%d: %s\n", __LINE__, #what);                                                                           \
        exit(1);                                                                                                       \
    }

static void request(uint8_t command)
{
    uint8_t frame[P8_LINK_HEAD + 4] = {'P', '8', P8_LINK_VERSION, command};
    const uint32_t crc = p8_crc32(0, frame + 2, P8_LINK_HEAD - 2);
    memcpy(frame + P8_LINK_HEAD, &crc, sizeof crc);
    for (size_t index = 0; index < sizeof frame; index++) {
        p8_port_received(frame[index]);
    }
}

static void long_answers_are_sent_whole(void)
{
    static uint8_t answer[150000];
    for (size_t index = 0; index < sizeof answer; index++) {
        answer[index] = (uint8_t)(index * 7 + index / 256);
    }
    sent_bytes = longest = 0;
    write_uart(NULL, answer, sizeof answer);
    CHECK(sent_bytes == sizeof answer && !memcmp(sent, answer, sizeof answer));
    CHECK(longest <= UINT16_MAX);
    refuse_after = 3;
    sent_bytes = 0;
    write_uart(NULL, answer, sizeof answer);
    CHECK(p8_port_unsent() == sizeof answer - sent_bytes && sent_bytes == 3 * SEND_BYTES);
    refuse_after = -1;
}

static void the_line_is_answered_and_silence_drops_half_a_frame(void)
{
    sent_bytes = 0;
    request(P8_INFO);
    p8_port_poll();
    CHECK(sent_bytes > P8_LINK_HEAD && sent[3] == (P8_INFO | P8_LINK_ANSWER));
    p8_port_received('P');
    p8_port_received('8');
    p8_port_poll();
    tick += SILENCE_MS + 1;
    p8_port_poll();
    sent_bytes = 0;
    request(P8_INFO);
    p8_port_poll();
    CHECK(sent_bytes > P8_LINK_HEAD && sent[3] == (P8_INFO | P8_LINK_ANSWER));
}

#if P8_MONITORED
#if P8_CAMERA
DCMIPP_HandleTypeDef hdcmipp;
static uint32_t written_to, cleaned;
static int64_t microseconds;

HAL_StatusTypeDef HAL_DCMIPP_PIPE_SetMemoryAddress(DCMIPP_HandleTypeDef *handle, uint32_t pipe, uint32_t which,
                                                   uint32_t address)
{
    CHECK(handle == &hdcmipp && pipe == 1 && which == DCMIPP_MEMORY_ADDRESS_0);
    written_to = address;
    return HAL_OK;
}

void SCB_InvalidateDCache_by_Addr(void *address, int32_t bytes)
{
    (void)address;
    CHECK(bytes == 32 * 24 * 2);
}

void SCB_CleanDCache_by_Addr(void *address, int32_t bytes)
{
    (void)address;
    cleaned += (uint32_t)bytes;
}

int64_t p8_dcmipp_now_us(void)
{
    return microseconds += 33333;
}

static void pictures_come_into_two_buffers_and_the_number_goes_to_the_display(void)
{
    static uint8_t pictures[2][32 * 24 * 2];
    static uint16_t display[120 * 60];
    uint8_t *const buffers[2] = {pictures[0], pictures[1]};
    const p8_lcd_t lcd = {display, 120, 60, 120};
    p8_dcmipp_begin(buffers, 32, 24, P8_RGB565, &lcd);
    HAL_DCMIPP_PIPE_FrameEventCallback(&hdcmipp, 1);
    CHECK(written_to == (uint32_t)(uintptr_t)pictures[1] && !p8_port_pixels_read());
    HAL_DCMIPP_PIPE_FrameEventCallback(&hdcmipp, 1);
    CHECK(p8_dcmipp_left_out() == 1 && written_to == (uint32_t)(uintptr_t)pictures[1]);
    p8_port_poll();
    CHECK(p8_port_pixels_read() && cleaned == sizeof display);
    size_t drawn = 0;
    for (size_t index = 0; index < 120 * 60; index++) {
        CHECK(display[index] == 0 || display[index] == DIM);
        drawn += display[index] == DIM;
    }
    CHECK(drawn == 2 * 4 * 5 * 5); /* two bars: no face, no number */
    const p8_number_t number = {.bpm = 71.6f, .plus_minus = 2.2f};
    p8_lcd_show(&lcd, &number);
    CHECK(display[(1 * 5) * 120 + 11 * 5 + 1] == INK); /* the 2's upper bar */
}
#endif

static void pixels_are_read_once(void)
{
    static const uint8_t pixels[8 * 8 * 3];
    const p8_picture_t picture = {pixels, 8, 8, 24, P8_RGB888};
    CHECK(p8_port_pixels_read());
    CHECK(p8_port_frame(&picture, NULL, 1000));
    CHECK(!p8_port_pixels_read());
    CHECK(!p8_port_frame(&picture, NULL, 2000));
    p8_port_poll();
    CHECK(p8_port_pixels_read() && readings == 0);
}
#endif

int main(void)
{
    CHECK(p8_port_begin() == P8_OK);
    long_answers_are_sent_whole();
    the_line_is_answered_and_silence_drops_half_a_frame();
#if P8_MONITORED
    pixels_are_read_once();
#if P8_CAMERA
    pictures_come_into_two_buffers_and_the_number_goes_to_the_display();
#endif
#endif
    puts("port: good");
    return 0;
}
