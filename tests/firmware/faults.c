/*
 * Plants one fault in the network of the board's program, linked with --wrap=p8_net_run: the first line of fault.txt,
 * read at the first run, names it.
 */
#include "p8_model.h"

#include <stdalign.h>
#include <stdio.h>
#include <string.h>

#define MOST_STEPS 64
#define CACHE_LINE 32

p8_status_t __real_p8_net_run(const p8_net_t *net, int8_t *arena, size_t bytes, p8_layer_hook_t hook, void *context);
p8_status_t __wrap_p8_net_run(const p8_net_t *net, int8_t *arena, size_t bytes, p8_layer_hook_t hook, void *context);

static char fault[32];

static void read_fault(void)
{
    FILE *file = fopen("fault.txt", "r");
    strcpy(fault, "none");
    if (file) {
        if (fscanf(file, "%31[^\n]", fault) != 1) {
            strcpy(fault, "none");
        }
        fclose(file);
    }
}

static void transpose(const p8_net_t *net, int8_t *x)
{
    static int8_t copy[16384];
    const p8_shape_t shape = net->steps[0].in;
    memcpy(copy, x, net->input_bytes);
    for (int row = 0; row < shape.height; row++) {
        for (int column = 0; column < shape.width; column++) {
            for (int channel = 0; channel < shape.channels; channel++) {
                *x++ = copy[(channel * shape.height + row) * shape.width + column];
            }
        }
    }
}

static alignas(16) int8_t weights[65536];
static alignas(16) int32_t biases[4096];
static alignas(16) float scales[4096];

/* Where tap t of an output channel lies. */
static size_t place(size_t channel, size_t tap, size_t taps)
{
    return channel / P8_GROUP * taps * P8_GROUP + tap / P8_LANES * P8_GROUP * P8_LANES + channel % P8_GROUP * P8_LANES +
           tap % P8_LANES;
}

/* Quantise a step's weights again with the largest channel's scale. */
static size_t one_scale(p8_step_t *step, size_t at_weight, size_t at_bias)
{
    const size_t run = ((size_t)step->slide.width * step->in.channels + P8_LANES - 1) / P8_LANES * P8_LANES;
    const size_t taps = run * step->slide.height, channels = step->out.channels;
    float largest = 0;
    for (size_t channel = 0; channel < channels; channel++) {
        largest = step->conv.scale[channel] > largest ? step->conv.scale[channel] : largest;
    }
    for (size_t channel = 0; channel < channels; channel++) {
        const float share = step->conv.scale[channel] / largest;
        int32_t before = 0, after = 0;
        for (size_t tap = 0; tap < taps; tap++) {
            const size_t index = place(channel, tap, taps);
            const int8_t code = step->conv.weights[index];
            weights[at_weight + index] = (int8_t)__builtin_rintf((float)code * share);
            before += code;
            after += weights[at_weight + index];
        }
        const float bias = (float)(step->conv.bias[channel] + step->conv.zero_in * before) * share;
        biases[at_bias + channel] = (int32_t)__builtin_rintf(bias) - step->conv.zero_in * after;
        scales[at_bias + channel] = largest;
    }
    step->conv.weights = weights + at_weight;
    step->conv.bias = biases + at_bias;
    step->conv.scale = scales + at_bias;
    return (channels + P8_GROUP - 1) / P8_GROUP * P8_GROUP * taps;
}

static p8_net_t damaged(const p8_net_t *net, int zero)
{
    static p8_step_t steps[MOST_STEPS];
    size_t at_weight = 0, at_bias = 0;
    memcpy(steps, net->steps, net->step_count * sizeof *steps);
    for (uint32_t index = 0; index < net->step_count; index++) {
        if (steps[index].op != P8_CONV) {
            continue;
        }
        if (zero) {
            steps[index].conv.weights = weights;
        } else {
            at_weight += one_scale(&steps[index], at_weight, at_bias);
            at_bias += (size_t)(steps[index].out.channels + 3) / 4 * 4;
        }
    }
    p8_net_t copy = *net;
    copy.steps = steps;
    return copy;
}

p8_status_t __wrap_p8_net_run(const p8_net_t *net, int8_t *arena, size_t bytes, p8_layer_hook_t hook, void *context)
{
    static int8_t last[CACHE_LINE];
    p8_net_t used = *net;
    if (!fault[0]) {
        read_fault();
    }
    if (!strcmp(fault, "uint8 input")) {
        for (uint32_t index = 0; index < net->input_bytes; index++) {
            arena[net->input + index] = (int8_t)(arena[net->input + index] ^ -128);
        }
    } else if (!strcmp(fault, "transposed axes")) {
        transpose(net, arena + net->input);
    } else if (!strcmp(fault, "zero weights") || !strcmp(fault, "per-tensor weights")) {
        used = damaged(net, fault[0] == 'z');
    }
    const p8_status_t status = __real_p8_net_run(&used, arena, bytes, hook, context);
    if (!strcmp(fault, "stale cache line")) {
        int8_t *end = arena + net->output + net->output_bytes - CACHE_LINE, fresh[CACHE_LINE];
        memcpy(fresh, end, CACHE_LINE);
        memcpy(end, last, CACHE_LINE);
        memcpy(last, fresh, CACHE_LINE);
    }
    return status;
}
