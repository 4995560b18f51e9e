/* A network as a table of steps over one arena; the table is generated (p8_model.c). */
#ifndef P8_NET_H
#define P8_NET_H

#include "p8_kernels.h"
#include "p8_status.h"

#ifdef __cplusplus
extern "C" {
#endif

#define P8_ALIGN 16 /* of arenas, weights and tables: a vector is 16 bytes */

typedef enum {
    P8_CONV,
    P8_MAX_POOL,
    P8_AVERAGE_POOL,
    P8_ADD_EQUAL,
    P8_ADD,
    P8_MULTIPLY,
    P8_TABLE,
    P8_DEPTHWISE,
    P8_CHANNEL_TABLE,
    P8_MOVE,
    P8_JOIN
} p8_op_t;

typedef struct {
    p8_op_t op;
    uint32_t x, other, y; /* bytes from the start of the arena; other: an elementwise step's second operand */
    p8_shape_t in, out;   /* in: of a step with two operands the second one's, whose bytes may have to be repeated */
    p8_slide_t slide;
    p8_conv_t conv;
    p8_pair_t pair; /* of pools: scale, zero_a and zero_out */
    const int8_t *table;
    const float *factors; /* of a padded average: a scale for each output position, or NULL */
    p8_move_t move;
    p8_concat_t concat;
} p8_step_t;

/* Location of an input or an output. */
typedef struct {
    uint32_t place, bytes; /* from the start of the arena */
} p8_end_t;

typedef struct {
    const p8_step_t *steps;
    uint32_t step_count;
    uint32_t input, input_bytes, output, output_bytes; /* offsets in the arena; bytes of all inputs, of all outputs */
    uint32_t scratch, arena_bytes;
    const p8_end_t *inputs, *outputs; /* of a network that has several; else NULL */
    uint32_t input_count, output_count;
} p8_net_t;

/* An input or output by its number, from 0. */
p8_end_t p8_net_input(const p8_net_t *net, uint32_t number);
p8_end_t p8_net_output(const p8_net_t *net, uint32_t number);
uint32_t p8_net_inputs(const p8_net_t *net);
uint32_t p8_net_outputs(const p8_net_t *net);

/* Called after each step with its output. */
typedef void (*p8_layer_hook_t)(void *context, uint32_t step, const int8_t *y, size_t bytes);

/* Run the steps on the input in the arena. hook may be NULL. */
p8_status_t p8_net_run(const p8_net_t *net, int8_t *arena, size_t arena_bytes, p8_layer_hook_t hook, void *context);

#ifdef __cplusplus
}
#endif

#endif
