/*
 * INT8 kernels, channel last: a tensor is int8 [height][width][channels].
 *
 * Portable C, code for the DSP extension (M4, M7, M33) and Cortex-M55 vector code (MVE) do the same arithmetic
 * (p8_requant.h) and give the same bytes. The last two may read up to P8_SLACK bytes after a tensor, never use them,
 * and never write there.
 */
#ifndef P8_KERNELS_H
#define P8_KERNELS_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define P8_SLACK 16 /* bytes after a tensor that must be readable */
#define P8_LANES 16 /* bytes in a vector */
#define P8_GROUP 4  /* output channels that are summed together */

typedef struct {
    uint16_t height, width, channels;
} p8_shape_t;

/* A kernel that slides over a tensor. */
typedef struct {
    uint16_t height, width, stride_y, stride_x, pad_top, pad_left;
} p8_slide_t;

/*
 * weights: int8 [groups][kernel rows][blocks][4 channels][16 taps]; a kernel row covers width x channels neighbouring
 *          bytes, in blocks of 16, what is past its end is 0; channels past the last are 0.
 * bias:    int32 [groups * 4], the input's zero point already taken off: bias - zero_in * sum of weights.
 * scale:   float32 [groups * 4].
 * parts:   a grouped convolution's groups of channels, each with weights, bias and scale of its own, one after the
 *          other; 0 and 1 mean one.
 * dilate:  places from one tap to the next, down and across; 0 and 1 mean neighbours.
 */
typedef struct {
    const int8_t *weights;
    const int32_t *bias;
    const float *scale;
    int8_t zero_in, zero_out, low, high;
    uint16_t parts, dilate_y, dilate_x;
} p8_conv_t;

/* scratch: p8_conv_scratch bytes on a multiple of 16. */
void p8_conv(const p8_conv_t *conv, p8_slide_t slide, p8_shape_t in, p8_shape_t out, const int8_t *x, int8_t *y,
             int8_t *scratch);
size_t p8_conv_scratch(p8_slide_t slide, p8_shape_t in);

/*
 * One kernel a channel. weights: int8 [blocks of 16 channels][places][16]; bias: int32 [blocks * 16], the input's zero
 * point taken off; scale: float32 [blocks * 16]. Places are the taps, and one with weights of 0 where they are odd in
 * number; with `parts` 2 one of 0 after each tap, which a layer needs that has a weight of -128. What lies outside the
 * tensor is its zero point. scratch: p8_depthwise_scratch bytes on a multiple of 16, in one arena with x.
 */
void p8_depthwise(const p8_conv_t *conv, p8_slide_t slide, p8_shape_t in, p8_shape_t out, const int8_t *x, int8_t *y,
                  int8_t *scratch);
size_t p8_depthwise_scratch(const p8_conv_t *conv, p8_slide_t slide, p8_shape_t in);

/* Highest value under each window; what lies outside the tensor does not count. */
void p8_max_pool(p8_slide_t slide, p8_shape_t in, p8_shape_t out, const int8_t *x, int8_t *y);

/* Two operands of the same shape. */
typedef struct {
    float scale_a, scale_b, scale; /* of an Add with unequal scales: (a s_a + b s_b) * scale; else scale alone */
    int8_t zero_a, zero_b, zero_out, low, high;
} p8_pair_t;

/*
 * Mean under each window; zero_a is the input's, scale = s_in / (s_out * elements). What lies outside the tensor adds
 * nothing. factors: such a scale for each place of the output, where windows count different numbers; or NULL.
 */
void p8_average_pool(p8_pair_t pair, const float *factors, p8_slide_t slide, p8_shape_t in, p8_shape_t out,
                     const int8_t *x, int8_t *y);

void p8_add_equal(p8_pair_t pair, size_t count, const int8_t *a, const int8_t *b, int8_t *y);
void p8_add(p8_pair_t pair, size_t count, const int8_t *a, const int8_t *b, int8_t *y);
void p8_multiply(p8_pair_t pair, size_t count, const int8_t *a, const int8_t *b, int8_t *y);

/* y = table[x as an unsigned byte]; 256 entries. */
void p8_table(const int8_t *table, size_t count, const int8_t *x, int8_t *y);

/* A table for each channel, one after the other: y = table[channel][x as an unsigned byte]. */
void p8_channel_table(const int8_t *table, size_t channels, size_t count, const int8_t *x, int8_t *y);

#define P8_FILL INT32_MIN /* in a table of a move: padding */

/*
 * Each output byte is x[rows[row] + columns[column] + channels[channel]], or `fill` where one of the three is P8_FILL.
 * channels NULL: neighbours, as they lie in x.
 */
typedef struct {
    const int32_t *rows, *columns, *channels;
    int8_t fill;
} p8_move_t;

void p8_move(const p8_move_t *move, p8_shape_t out, const int8_t *x, int8_t *y);

/* Runs of bytes from several tensors, in turn, `outer` times. */
typedef struct {
    uint32_t x, bytes; /* from the arena's begin; bytes of one run */
} p8_part_t;

typedef struct {
    const p8_part_t *parts;
    uint32_t count, outer;
} p8_concat_t;

void p8_concat(const p8_concat_t *concat, const int8_t *arena, int8_t *y);

#ifdef __cplusplus
}
#endif

#endif
