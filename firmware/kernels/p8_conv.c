/*
 * Convolution. With channels last, what a kernel row covers is one run of neighbouring bytes: it is read in place, and
 * only where the kernel reaches over the edge is it copied into scratch, between zero points.
 */
#include "p8_kernels.h"
#include "p8_requant.h"

#include <stdbool.h>
#include <string.h>

#if P8_DSP
#include <arm_acle.h>
#endif

/* Kernel rows of one output position: the first one, bytes to the next, and what each row holds. */
typedef struct {
    const int8_t *first;
    size_t stride;
    size_t rows, run, blocks; /* run: bytes of a row; blocks: of 16 bytes */
} p8_rows_t;

static size_t blocks_of(size_t run)
{
    return (run + P8_LANES - 1) / P8_LANES;
}

size_t p8_conv_scratch(p8_slide_t slide, p8_shape_t in)
{
    return slide.height * blocks_of((size_t)slide.width * in.channels) * P8_LANES;
}

static size_t at_least_one(uint16_t count)
{
    return count ? count : 1;
}

#if P8_MVE
/*
 * Four sums over one kernel row of `blocks` vectors; the weights of its four channels lie block by block. The sums are
 * in even registers, as the instruction asks: left to themselves, compilers keep some of them on the stack.
 */
#define DOT_ROW(x, w, blocks)                                                                                          \
    __asm__ volatile(                                                                                                  \
        "dls lr, %[count]\n"                                                                                           \
        "1: vldrb.8 q0, [%[from]], #16\n"                                                                              \
        "vldrb.8 q1, [%[taps]], #16\n"                                                                                 \
        "vmladava.s8 %[a], q0, q1\n"                                                                                   \
        "vldrb.8 q1, [%[taps]], #16\n"                                                                                 \
        "vmladava.s8 %[b], q0, q1\n"                                                                                   \
        "vldrb.8 q1, [%[taps]], #16\n"                                                                                 \
        "vmladava.s8 %[c], q0, q1\n"                                                                                   \
        "vldrb.8 q1, [%[taps]], #16\n"                                                                                 \
        "vmladava.s8 %[d], q0, q1\n"                                                                                   \
        "le lr, 1b\n"                                                                                                  \
        : [a] "+Te"(sum0), [b] "+Te"(sum1), [c] "+Te"(sum2), [d] "+Te"(sum3), [from] "+r"(x), [taps] "+r"(w)           \
        : [count] "r"(blocks)                                                                                          \
        : "q0", "q1", "lr", "memory")

/* Where one group of four channels goes: several neighbouring positions, `step` bytes apart in the input. */
typedef struct {
    size_t positions, step, channels, left; /* left: channels from this group's first on */
    int8_t *y;
} p8_run_t;

/* `whole` and `one_row` are constants where this is called, so that neither costs an instruction a position. */
__attribute__((always_inline)) static inline void dot_positions(const p8_conv_t *conv, const p8_rows_t *rows,
                                                                const int8_t *weights, size_t channel, p8_run_t run,
                                                                bool whole, bool one_row)
{
    const int32_t *bias = conv->bias + channel;
    const float32x4_t scale = vldrwq_f32(conv->scale + channel);
    const int32x4_t zero = vdupq_n_s32(conv->zero_out), low = vdupq_n_s32(conv->low), high = vdupq_n_s32(conv->high);
    const size_t blocks = rows->blocks;
    const int8_t *first = rows->first;
    int8_t *y = run.y;
    for (size_t position = run.positions; position > 0; position--, first += run.step, y += run.channels) {
        int32_t sum0 = bias[0], sum1 = bias[1], sum2 = bias[2], sum3 = bias[3];
        const int8_t *w = weights, *x = first;
        if (one_row) {
            DOT_ROW(x, w, blocks);
        } else {
            const int8_t *row = first;
            for (size_t left = rows->rows; left > 0; left--, row += rows->stride, x = row) {
                DOT_ROW(x, w, blocks);
            }
        }
        int32x4_t sum;
        __asm__("vmov %q[v][2], %q[v][0], %[a], %[c]\n"
                "vmov %q[v][3], %q[v][1], %[b], %[d]\n"
                : [v] "=&w"(sum)
                : [a] "r"(sum0), [b] "r"(sum1), [c] "r"(sum2), [d] "r"(sum3));
        const int32x4_t real = vcvtnq_s32_f32(vmulq_f32(vcvtq_f32_s32(sum), scale));
        const int32x4_t code = vminq_s32(vmaxq_s32(vqaddq_s32(real, zero), low), high);
        if (whole) {
            vstrbq_s32(y, code);
        } else {
            vstrbq_p_s32(y, code, vctp32q((uint32_t)run.left));
        }
    }
}

__attribute__((noinline)) static void p8_dot_row(const p8_conv_t *conv, const p8_rows_t *rows, const int8_t *weights,
                                                 size_t channel, p8_run_t run)
{
    dot_positions(conv, rows, weights, channel, run, true, true);
}

__attribute__((noinline)) static void p8_dot_rows(const p8_conv_t *conv, const p8_rows_t *rows, const int8_t *weights,
                                                  size_t channel, p8_run_t run)
{
    dot_positions(conv, rows, weights, channel, run, true, false);
}

__attribute__((noinline)) static void p8_dot_last(const p8_conv_t *conv, const p8_rows_t *rows, const int8_t *weights,
                                                  size_t channel, p8_run_t run)
{
    dot_positions(conv, rows, weights, channel, run, false, false);
}

static void dot(const p8_conv_t *conv, const p8_rows_t *rows, size_t positions, size_t step, size_t channels, int8_t *y)
{
    const size_t group_bytes = rows->rows * rows->blocks * P8_GROUP * P8_LANES;
    const int8_t *weights = conv->weights;
    p8_run_t run = {positions, step, channels, channels, y};
    for (size_t channel = 0; channel < channels; channel += P8_GROUP, weights += group_bytes) {
        if (run.left < P8_GROUP) {
            p8_dot_last(conv, rows, weights, channel, run);
        } else if (rows->rows == 1) {
            p8_dot_row(conv, rows, weights, channel, run);
        } else {
            p8_dot_rows(conv, rows, weights, channel, run);
        }
        run.left -= P8_GROUP;
        run.y += P8_GROUP;
    }
}
#elif P8_DSP
/* Four neighbouring bytes as two pairs of 16 bits: the first and third, the second and fourth. */
typedef struct {
    int16x2_t even, odd;
} p8_pairs_t;

static inline p8_pairs_t pairs_at(const int8_t *bytes)
{
    int8x4_t word;
    memcpy(&word, bytes, sizeof word); /* one load: M4 and up read words from any address */
    p8_pairs_t pairs = {.even = __sxtb16(word)};
    __asm__("sxtb16 %0, %1, ror #8" : "=r"(pairs.odd) : "r"(word)); /* in one instruction, which no intrinsic gives */
    return pairs;
}

static inline int32_t add_products(p8_pairs_t a, p8_pairs_t b, int32_t sum)
{
    return __smlad(a.odd, b.odd, __smlad(a.even, b.even, sum));
}

/*
 * Four sums over the kernel rows of one output position, four bytes at a time. A row's last word may reach past it: the
 * weights there are 0, and P8_SLACK bytes after a tensor are readable. A function of its own keeps the sums in
 * registers.
 */
__attribute__((noinline)) static void p8_dot_group(const p8_rows_t *rows, const int8_t *w, int32_t sum[P8_GROUP])
{
    int32_t sum0 = sum[0], sum1 = sum[1], sum2 = sum[2], sum3 = sum[3];
    const int8_t *first = rows->first;
    for (size_t index = rows->rows; index > 0; index--, first += rows->stride) {
        const int8_t *x = first;
        for (size_t left = rows->run; left > 0; w += P8_GROUP * P8_LANES) {
            const size_t here = left < P8_LANES ? left : P8_LANES;
            const int8_t *const end = x + (here + 3) / 4 * 4;
            for (const int8_t *tap = w; x != end; x += 4, tap += 4) {
                const p8_pairs_t values = pairs_at(x);
                sum0 = add_products(values, pairs_at(tap), sum0);
                sum1 = add_products(values, pairs_at(tap + P8_LANES), sum1);
                sum2 = add_products(values, pairs_at(tap + 2 * P8_LANES), sum2);
                sum3 = add_products(values, pairs_at(tap + 3 * P8_LANES), sum3);
            }
            left -= here;
        }
    }
    sum[0] = sum0;
    sum[1] = sum1;
    sum[2] = sum2;
    sum[3] = sum3;
}

static void dot(const p8_conv_t *conv, const p8_rows_t *rows, size_t positions, size_t step, size_t channels, int8_t *y)
{
    const size_t group_bytes = rows->rows * rows->blocks * P8_GROUP * P8_LANES;
    p8_rows_t here = *rows;
    for (; positions > 0; positions--, here.first += step, y += channels) {
        const int8_t *w = conv->weights;
        for (size_t channel = 0; channel < channels; channel += P8_GROUP, w += group_bytes) {
            int32_t sum[P8_GROUP];
            memcpy(sum, conv->bias + channel, sizeof sum);
            p8_dot_group(&here, w, sum);
            const size_t kept = channels - channel < P8_GROUP ? channels - channel : P8_GROUP;
            for (size_t lane = 0; lane < kept; lane++) {
                const float scale = conv->scale[channel + lane];
                y[channel + lane] = p8_requant(sum[lane], scale, conv->zero_out, conv->low, conv->high);
            }
        }
    }
}
#elif P8_WASM
/* Add the products of 16 bytes, in four lanes. */
static inline v128_t add_products(v128_t sum, v128_t low, v128_t high, const int8_t *w)
{
    const v128_t weights = wasm_v128_load(w);
    sum = wasm_i32x4_add(sum, wasm_i32x4_dot_i16x8(low, wasm_i16x8_extend_low_i8x16(weights)));
    return wasm_i32x4_add(sum, wasm_i32x4_dot_i16x8(high, wasm_i16x8_extend_high_i8x16(weights)));
}

/* The four lanes' sums of each of four vectors. */
static inline v128_t lane_sums(const v128_t sum[P8_GROUP])
{
    const v128_t low01 = wasm_i32x4_shuffle(sum[0], sum[1], 0, 4, 1, 5);
    const v128_t high01 = wasm_i32x4_shuffle(sum[0], sum[1], 2, 6, 3, 7);
    const v128_t low23 = wasm_i32x4_shuffle(sum[2], sum[3], 0, 4, 1, 5);
    const v128_t high23 = wasm_i32x4_shuffle(sum[2], sum[3], 2, 6, 3, 7);
    const v128_t half01 = wasm_i32x4_add(low01, high01), half23 = wasm_i32x4_add(low23, high23);
    return wasm_i32x4_add(wasm_i64x2_shuffle(half01, half23, 0, 2), wasm_i64x2_shuffle(half01, half23, 1, 3));
}

/* Four sums over the kernel rows of one output position. */
static inline v128_t dot_group(const p8_rows_t *rows, const int8_t *first, const int8_t *w)
{
    v128_t sum[P8_GROUP] = {wasm_i32x4_splat(0), wasm_i32x4_splat(0), wasm_i32x4_splat(0), wasm_i32x4_splat(0)};
    for (size_t index = rows->rows; index > 0; index--, first += rows->stride) {
        const int8_t *x = first;
        for (size_t block = rows->blocks; block > 0; block--, x += P8_LANES, w += P8_GROUP * P8_LANES) {
            const v128_t values = wasm_v128_load(x);
            const v128_t low = wasm_i16x8_extend_low_i8x16(values), high = wasm_i16x8_extend_high_i8x16(values);
            sum[0] = add_products(sum[0], low, high, w);
            sum[1] = add_products(sum[1], low, high, w + P8_LANES);
            sum[2] = add_products(sum[2], low, high, w + 2 * P8_LANES);
            sum[3] = add_products(sum[3], low, high, w + 3 * P8_LANES);
        }
    }
    return lane_sums(sum);
}

/* Outputs of several neighbouring positions, `step` bytes apart in the input: one group of channels after the other. */
static void dot(const p8_conv_t *conv, const p8_rows_t *rows, size_t positions, size_t step, size_t channels, int8_t *y)
{
    const size_t group_bytes = rows->rows * rows->blocks * P8_GROUP * P8_LANES;
    const int8_t *weights = conv->weights;
    for (size_t channel = 0; channel < channels; channel += P8_GROUP, weights += group_bytes) {
        const size_t kept = channels - channel < P8_GROUP ? channels - channel : P8_GROUP;
        const v128_t bias = wasm_v128_load(conv->bias + channel), scale = wasm_v128_load(conv->scale + channel);
        const int8_t *first = rows->first;
        int8_t *to = y + channel;
        for (size_t position = positions; position > 0; position--, first += step, to += channels) {
            const v128_t sum = wasm_i32x4_add(bias, dot_group(rows, first, weights));
            const int32_t codes = p8_requant_x4(sum, scale, conv->zero_out, conv->low, conv->high);
            memcpy(to, &codes, kept);
        }
    }
}
#else
static int32_t dot_channel(const p8_rows_t *rows, const int8_t *w)
{
    int32_t sum = 0;
    for (size_t index = 0; index < rows->rows; index++) {
        const int8_t *x = rows->first + index * rows->stride;
        size_t left = rows->run;
        for (; left >= P8_LANES; left -= P8_LANES, x += P8_LANES, w += P8_GROUP * P8_LANES) {
            for (int tap = 0; tap < P8_LANES; tap++) {
                sum += x[tap] * w[tap];
            }
        }
        for (size_t tap = 0; tap < left; tap++) {
            sum += x[tap] * w[tap];
        }
        w += left ? P8_GROUP * P8_LANES : 0;
    }
    return sum;
}

static void dot(const p8_conv_t *conv, const p8_rows_t *rows, size_t positions, size_t step, size_t channels, int8_t *y)
{
    const size_t group_bytes = rows->rows * rows->blocks * P8_GROUP * P8_LANES;
    p8_rows_t here = *rows;
    for (; positions > 0; positions--, here.first += step, y += channels) {
        for (size_t channel = 0; channel < channels; channel++) {
            const int8_t *w = conv->weights + channel / P8_GROUP * group_bytes + channel % P8_GROUP * P8_LANES;
            const int32_t sum = conv->bias[channel] + dot_channel(&here, w);
            y[channel] = p8_requant(sum, conv->scale[channel], conv->zero_out, conv->low, conv->high);
        }
    }
}
#endif

/* Copy what a kernel at (top, left) covers; what is outside the tensor becomes its zero point. */
static void copy_edge(const p8_rows_t *rows, p8_slide_t slide, p8_shape_t in, int8_t zero, int top, int left,
                      const int8_t *x, int8_t *scratch)
{
    memset(scratch, zero, rows->rows * rows->blocks * P8_LANES);
    const int from = left < 0 ? 0 : left;
    const int to = left + slide.width > in.width ? in.width : left + slide.width;
    for (int row = 0; row < slide.height; row++) {
        const int y = top + row;
        if (y >= 0 && y < in.height && from < to) {
            memcpy(scratch + (size_t)row * rows->blocks * P8_LANES + (size_t)(from - left) * in.channels,
                   x + ((size_t)y * in.width + (size_t)from) * in.channels, (size_t)(to - from) * in.channels);
        }
    }
}

/* Output columns whose kernels lie inside the picture's width: from the first one to before the last one. */
typedef struct {
    int from, to;
} p8_span_t;

static p8_span_t inner_columns(p8_slide_t slide, p8_shape_t in, p8_shape_t out)
{
    const int room = in.width + slide.pad_left - slide.width;
    const int from = (slide.pad_left + slide.stride_x - 1) / slide.stride_x;
    const int to = room < 0 ? 0 : room / slide.stride_x + 1;
    return (p8_span_t){from < out.width ? from : out.width, to < from ? from : to < out.width ? to : out.width};
}

static void conv_rows(const p8_conv_t *conv, p8_slide_t slide, p8_shape_t in, p8_shape_t out, const int8_t *x,
                      int8_t *y, int8_t *scratch)
{
    const size_t run = (size_t)slide.width * in.channels, step = (size_t)slide.stride_x * in.channels;
    const p8_rows_t copied = {.first = scratch,
                              .stride = blocks_of(run) * P8_LANES,
                              .rows = slide.height,
                              .run = run,
                              .blocks = blocks_of(run)};
    const p8_span_t inner = inner_columns(slide, in, out);
    for (int oy = 0; oy < out.height; oy++) {
        const int top = oy * slide.stride_y - slide.pad_top;
        const bool high = top >= 0 && top + slide.height <= in.height;
        for (int ox = 0; ox < out.width;) {
            const int left = ox * slide.stride_x - slide.pad_left;
            int count = 1;
            p8_rows_t rows = copied;
            if (high && ox >= inner.from && ox < inner.to) {
                count = inner.to - ox;
                rows.first = x + ((size_t)top * in.width + (size_t)left) * in.channels;
                rows.stride = (size_t)in.width * in.channels;
            } else {
                copy_edge(&copied, slide, in, conv->zero_in, top, left, x, scratch);
            }
            dot(conv, &rows, (size_t)count, step, out.channels, y);
            y += (size_t)count * out.channels;
            ox += count;
        }
    }
}

/* Copy the taps of one group of channels, wherever they lie, to where dot() reads them. */
static void gather(const p8_conv_t *conv, const p8_rows_t *rows, p8_slide_t slide, p8_shape_t in, size_t each,
                   int32_t top, int32_t left, const int8_t *x, int8_t *scratch)
{
    const int32_t gap_y = (int32_t)at_least_one(conv->dilate_y), gap_x = (int32_t)at_least_one(conv->dilate_x);
    memset(scratch, conv->zero_in, rows->rows * rows->blocks * P8_LANES);
    for (int32_t row = 0; row < slide.height; row++) {
        const int32_t y = top + row * gap_y;
        int8_t *to = scratch + (size_t)row * rows->blocks * P8_LANES;
        for (int32_t column = 0; column < slide.width; column++, to += each) {
            const int32_t at = left + column * gap_x;
            if (y >= 0 && y < in.height && at >= 0 && at < in.width) {
                memcpy(to, x + ((size_t)y * in.width + (size_t)at) * in.channels, each);
            }
        }
    }
}

/* Groups of channels, or taps that lie apart: every window is copied. */
static void conv_gathered(const p8_conv_t *conv, p8_slide_t slide, p8_shape_t in, p8_shape_t out, const int8_t *x,
                          int8_t *y, int8_t *scratch)
{
    const size_t parts = at_least_one(conv->parts);
    const size_t each = in.channels / parts, made = out.channels / parts, run = slide.width * each;
    const size_t padded = (made + P8_GROUP - 1) / P8_GROUP * P8_GROUP;
    const p8_rows_t rows = {.first = scratch,
                            .stride = blocks_of(run) * P8_LANES,
                            .rows = slide.height,
                            .run = run,
                            .blocks = blocks_of(run)};
    for (int32_t oy = 0; oy < out.height; oy++) {
        for (int32_t ox = 0; ox < out.width; ox++) {
            const int32_t top = oy * slide.stride_y - slide.pad_top, left = ox * slide.stride_x - slide.pad_left;
            p8_conv_t one = *conv;
            for (size_t part = 0; part < parts; part++, y += made) {
                gather(conv, &rows, slide, in, each, top, left, x + part * each, scratch);
                dot(&one, &rows, 1, 0, made, y);
                one.weights += padded * rows.rows * rows.blocks * P8_LANES;
                one.bias += padded;
                one.scale += padded;
            }
        }
    }
}

void p8_conv(const p8_conv_t *conv, p8_slide_t slide, p8_shape_t in, p8_shape_t out, const int8_t *x, int8_t *y,
             int8_t *scratch)
{
    if (conv->parts > 1 || conv->dilate_y > 1 || conv->dilate_x > 1) {
        conv_gathered(conv, slide, in, out, x, y, scratch);
    } else {
        conv_rows(conv, slide, in, out, x, y, scratch);
    }
}
