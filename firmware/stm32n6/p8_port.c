/*
 * The board's program on an STM32N6, over the vendor's HAL: bytes from the UART's interrupt into a ring, frames from
 * the camera's interrupt, all work in the main loop. Not run on silicon by us.
 *
 * What an interrupt and the main loop share is atomic: the ring's two ends, the last byte's time, and whose a frame is.
 */
#include "p8_port.h"

#include "main.h" /* CubeMX: HAL, huart1, SystemCoreClock */

#ifdef P8_USE_NPU
#include "p8_npu.h"
#endif

#include <stdalign.h>
#include <stdatomic.h>
#include <string.h>

extern UART_HandleTypeDef huart1;

#define LINE_BYTES (P8_CAMERA ? 65536 : 16384) /* longest frame: one window or view, and its head; a power of two */
#define SILENCE_MS 200
#define SEND_BYTES 4096 /* of one call: HAL's length has 16 bits */
#define SEND_MS 2000    /* longest wait for such a piece: five times what it takes at 115,200 baud */

static uint8_t line[LINE_BYTES], received[LINE_BYTES];
static atomic_uint received_head, received_tail;
static _Atomic uint32_t last_byte_ms, unsent;
static p8_serve_t serve;

static void write_uart(void *context, const void *data, size_t bytes)
{
    (void)context;
    const uint8_t *next = (const uint8_t *)data;
    while (bytes) {
        const uint16_t piece = bytes < SEND_BYTES ? (uint16_t)bytes : SEND_BYTES;
        if (HAL_UART_Transmit(&huart1, next, piece, SEND_MS) != HAL_OK) {
            atomic_store(&unsent, atomic_load(&unsent) + (uint32_t)bytes); /* only the main loop writes it */
            return;
        }
        next += piece;
        bytes -= piece;
    }
}

uint32_t p8_port_unsent(void)
{
    return atomic_load(&unsent);
}

static uint32_t cycles(void)
{
    return DWT->CYCCNT;
}

#if P8_MONITORED
#define MORE_BYTES (P8_CAMERA ? 131072 : 32768)
alignas(P8_ALIGN) static int8_t memory[P8_ARENA_BYTES + P8_RING_ROWS * sizeof(p8_row_t) + MORE_BYTES];

static struct {
    p8_picture_t picture;
    p8_face_t face;
    bool has_face, sought;
    int64_t t_us;
    atomic_bool full; /* set by the interrupt, which then leaves the rest alone; cleared when the pixels were read */
} waiting;

static p8_status_t begin_network(void)
{
    const p8_network_t *network = NULL;
#ifdef P8_USE_NPU
    static p8_network_t npu;
    npu = (p8_network_t){.clip = p8_npu_input(), .run = p8_npu_run};
    network = &npu;
#endif
#if P8_CAMERA
    const p8_status_t status = p8_camera_begin_on(memory, sizeof memory, network, &serve.camera);
    serve.monitor = status == P8_OK ? p8_camera_monitor(serve.camera) : NULL;
#else
    const p8_status_t status = p8_monitor_begin(memory, sizeof memory, network, &serve.monitor);
#endif
    serve.arena = status == P8_OK ? p8_monitor_arena(serve.monitor) : NULL;
    return status;
}

static bool wait_for(const p8_picture_t *picture, const p8_face_t *face, int64_t t_us, bool sought)
{
    if (atomic_load(&waiting.full)) {
        return false;
    }
    waiting.picture = *picture;
    waiting.has_face = face != NULL;
    waiting.sought = sought;
    if (face) {
        waiting.face = *face;
    }
    waiting.t_us = t_us;
    atomic_store(&waiting.full, true);
    return true;
}

bool p8_port_frame(const p8_picture_t *picture, const p8_face_t *face, int64_t t_us)
{
    return wait_for(picture, face, t_us, false);
}

bool p8_port_pixels_read(void)
{
    return !atomic_load(&waiting.full);
}

#if P8_CAMERA
bool p8_port_picture(const p8_picture_t *picture, int64_t t_us)
{
    return wait_for(picture, NULL, t_us, true);
}

static void follow_face(void)
{
    const p8_status_t status = p8_camera_push(serve.camera, &waiting.picture, waiting.t_us);
    atomic_store(&waiting.full, false);
    if (status == P8_OK) {
        const p8_number_t number = p8_camera_reading(serve.camera);
        p8_serve_row(&serve, p8_camera_row(serve.camera));
        p8_port_number(&number, p8_camera_seen(serve.camera));
    }
}
#endif

static void measure_frame(void)
{
#if P8_CAMERA
    if (waiting.sought) {
        follow_face();
        return;
    }
#endif
    p8_row_t row;
    const p8_face_t *face = waiting.has_face ? &waiting.face : NULL;
    p8_status_t status = p8_measure_row(&waiting.picture, face, waiting.t_us, &row);
    atomic_store(&waiting.full, false);
    if (status != P8_OK) {
        return;
    }
    p8_serve_row(&serve, &row);
    status = p8_monitor_push(serve.monitor, &row);
    p8_reading_t reading;
    if (status == P8_OK && p8_monitor_due(serve.monitor) && p8_monitor_read(serve.monitor, &reading) == P8_OK) {
        p8_port_reading(&reading);
    }
}
#else
alignas(P8_ALIGN) static int8_t memory[P8_ARENA_BYTES];

static p8_status_t begin_network(void)
{
    serve.arena = memory;
    return P8_OK;
}
#endif

p8_status_t p8_port_begin(void)
{
    CoreDebug->DEMCR |= CoreDebug_DEMCR_TRCENA_Msk;
    DWT->CTRL |= DWT_CTRL_CYCCNTENA_Msk;
    serve.target = (p8_target_t){.target = P8_TARGET_M55, .clock_hz = SystemCoreClock, .cycles = cycles};
#ifdef P8_USE_NPU
    serve.target.target = P8_TARGET_NPU;
    serve.target.run = p8_npu_answer;
    const p8_status_t found = p8_npu_begin();
    if (found != P8_OK) {
        return found;
    }
#endif
    serve.sender = (p8_sender_t){.write = write_uart};
    p8_link_begin(&serve.link, line, sizeof line);
    return begin_network();
}

void p8_port_received(uint8_t byte)
{
    const unsigned head = atomic_load(&received_head);
    received[head % LINE_BYTES] = byte; /* an overrun garbles the frame, and its checksum says so */
    atomic_store(&last_byte_ms, HAL_GetTick());
    atomic_store(&received_head, head + 1);
}

void p8_port_poll(void)
{
    for (unsigned tail = atomic_load(&received_tail); tail != atomic_load(&received_head); tail++) {
        p8_serve_byte(&serve, received[tail % LINE_BYTES]);
        atomic_store(&received_tail, tail + 1);
    }
    const uint32_t last = atomic_load(&last_byte_ms); /* before the clock: a byte in between is no silence */
    if (HAL_GetTick() - last > SILENCE_MS) {
        p8_link_idle(&serve.link);
    }
#if P8_MONITORED
    if (atomic_load(&waiting.full)) {
        measure_frame();
    }
#endif
}
