/* A whole program's parts in static memory, for targets that have enough of it: line buffer, monitor or arena. */
#ifndef P8_PROGRAM_H
#define P8_PROGRAM_H

#include "p8_serve.h"

#ifdef __cplusplus
extern "C" {
#endif

#ifndef P8_LINK_BYTES
#define P8_LINK_BYTES (256 * 1024) /* longest frame: a picture to measure */
#endif

/* Prepare the one instance; `write` sends the answers. NULL where memory is misaligned or too small. */
p8_serve_t *p8_program_begin(p8_target_t target, p8_write_t write, void *context);

#if P8_MONITORED
/* A row as it travels on the line, P8_ROW_BYTES: the camera of targets that have none. */
void p8_program_row(p8_serve_t *serve, const uint8_t *bytes);
#endif

#ifdef __cplusplus
}
#endif

#endif
