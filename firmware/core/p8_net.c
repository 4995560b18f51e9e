#include "p8_net.h"

static size_t elements(p8_shape_t shape)
{
    return (size_t)shape.height * shape.width * shape.channels;
}

uint32_t p8_net_inputs(const p8_net_t *net)
{
    return net->input_count ? net->input_count : 1;
}

uint32_t p8_net_outputs(const p8_net_t *net)
{
    return net->output_count ? net->output_count : 1;
}

p8_end_t p8_net_input(const p8_net_t *net, uint32_t number)
{
    return net->inputs ? net->inputs[number] : (p8_end_t){net->input, net->input_bytes};
}

p8_end_t p8_net_output(const p8_net_t *net, uint32_t number)
{
    return net->outputs ? net->outputs[number] : (p8_end_t){net->output, net->output_bytes};
}

static int aligned(const void *pointer)
{
    return (uintptr_t)pointer % P8_ALIGN == 0;
}

/* Silicon faults on an unaligned vector load and an emulator does not, so alignment is checked everywhere. */
static int step_aligned(const p8_step_t *step)
{
    return aligned(step->conv.weights) && aligned(step->conv.bias) && aligned(step->conv.scale) &&
           aligned(step->table) && (step->x | step->other | step->y) % P8_ALIGN == 0;
}

typedef void (*pair_t)(p8_pair_t pair, size_t count, const int8_t *a, const int8_t *b, int8_t *y);

/* A second operand that is smaller is read again and again: a gate of one value a channel, at every place. */
static void run_pair(pair_t pair, const p8_step_t *step, const int8_t *x, const int8_t *other, int8_t *y)
{
    const size_t count = elements(step->out), run = elements(step->in);
    for (size_t at = 0; at < count; at += run) {
        pair(step->pair, run, x + at, other, y + at);
    }
}

static void run_step(const p8_step_t *step, int8_t *arena, int8_t *scratch)
{
    const int8_t *x = arena + step->x, *other = arena + step->other;
    int8_t *y = arena + step->y;
    const size_t count = elements(step->out);
    switch (step->op) {
    case P8_CONV:
        p8_conv(&step->conv, step->slide, step->in, step->out, x, y, scratch);
        break;
    case P8_MAX_POOL:
        p8_max_pool(step->slide, step->in, step->out, x, y);
        break;
    case P8_AVERAGE_POOL:
        p8_average_pool(step->pair, step->factors, step->slide, step->in, step->out, x, y);
        break;
    case P8_ADD_EQUAL:
        run_pair(p8_add_equal, step, x, other, y);
        break;
    case P8_ADD:
        run_pair(p8_add, step, x, other, y);
        break;
    case P8_MULTIPLY:
        run_pair(p8_multiply, step, x, other, y);
        break;
    case P8_TABLE:
        p8_table(step->table, count, x, y);
        break;
    case P8_DEPTHWISE:
        p8_depthwise(&step->conv, step->slide, step->in, step->out, x, y, scratch);
        break;
    case P8_CHANNEL_TABLE:
        p8_channel_table(step->table, step->out.channels, count, x, y);
        break;
    case P8_MOVE:
        p8_move(&step->move, step->out, x, y);
        break;
    case P8_JOIN:
        p8_concat(&step->concat, arena, y);
        break;
    }
}

p8_status_t p8_net_run(const p8_net_t *net, int8_t *arena, size_t arena_bytes, p8_layer_hook_t hook, void *context)
{
    if (!aligned(arena)) {
        return P8_MISALIGNED;
    }
    if (arena_bytes < net->arena_bytes) {
        return P8_TOO_SMALL;
    }
    for (uint32_t index = 0; index < net->step_count; index++) {
        const p8_step_t *step = &net->steps[index];
        if (!step_aligned(step)) {
            return P8_MISALIGNED;
        }
        run_step(step, arena, arena + net->scratch);
        if (hook) {
            hook(context, index, arena + step->y, elements(step->out));
        }
    }
    return P8_OK;
}
