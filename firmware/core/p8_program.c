#include "p8_program.h"

#include <stdalign.h>
#include <string.h>

#if P8_CAMERA
#define MEMORY_BYTES (P8_ARENA_BYTES + P8_RING_ROWS * sizeof(p8_row_t) + 160 * 1024)
#elif P8_MONITORED
#define MEMORY_BYTES (P8_ARENA_BYTES + P8_RING_ROWS * sizeof(p8_row_t) + 64 * 1024)
#else
#define MEMORY_BYTES P8_ARENA_BYTES
#endif

alignas(P8_ALIGN) static int8_t memory[MEMORY_BYTES];
static uint8_t line[P8_LINK_BYTES];
static p8_serve_t serve;

p8_serve_t *p8_program_begin(p8_target_t target, p8_write_t write, void *context)
{
    memset(&serve, 0, sizeof serve);
    serve.target = target;
    serve.sender = (p8_sender_t){.write = write, .context = context};
    p8_link_begin(&serve.link, line, sizeof line);
#if P8_CAMERA
    if (p8_camera_begin(memory, sizeof memory, &serve.camera) != P8_OK) {
        return NULL;
    }
    serve.monitor = p8_camera_monitor(serve.camera);
    serve.arena = p8_monitor_arena(serve.monitor);
#elif P8_MONITORED
    if (p8_monitor_begin(memory, sizeof memory, NULL, &serve.monitor) != P8_OK) {
        return NULL;
    }
    serve.arena = p8_monitor_arena(serve.monitor);
#else
    serve.arena = memory;
#endif
    return &serve;
}

#if P8_MONITORED
void p8_program_row(p8_serve_t *program, const uint8_t *bytes)
{
    const p8_row_t row = p8_row_of(bytes);
    p8_serve_row(program, &row);
}
#endif
