/* The rules are those of board_detector.py and stage.py: each sum in its inputs' order, each product rounded. */
#include "p8_detect.h"

#include "p8_model.h"
#include "p8_requant.h"

#if P8_CAMERA
#include <string.h>

#define FINE 16 /* places along each side of the two stages */
#define COARSE 8
#define ANCHORS (FINE * FINE * 2 + COARSE * COARSE * 6)
#define LOGIT_CODES 16.0f
#define MOST_CODE 127
#define SAME_FACE 0.3f
#define AROUND 2.5f

static float larger(float a, float b)
{
    return a > b ? a : b;
}

static float smaller(float a, float b)
{
    return a < b ? a : b;
}

/* sums[output] += value * weights[output]: each product and each sum rounded, on vectors too. */
static void add_products(float value, const int16_t *weights, int32_t count, float *sums)
{
    int32_t output = 0;
#if P8_MVE
    for (; output + 4 <= count; output += 4) {
        const float32x4_t product = vmulq_n_f32(vcvtq_f32_s32(vldrhq_s32(weights + output)), value);
        vstrwq_f32(sums + output, vaddq_f32(vldrwq_f32(sums + output), product));
    }
#endif
    for (; output < count; output++) {
        sums[output] += value * (float)weights[output];
    }
}

#if P8_MVE
/* Sixteen outputs whose sums stay in registers; the same order. */
static void combine_16(const p8_layer_t *layer, const float *inputs, int32_t from, float *outputs)
{
    float32x4_t a = vdupq_n_f32(0), b = a, c = a, d = a;
    const int16_t *weights = layer->weights + from;
    for (int32_t input = 0; input < layer->inputs; input++, weights += layer->outputs) {
        const float value = inputs[input];
        a = vaddq_f32(a, vmulq_n_f32(vcvtq_f32_s32(vldrhq_s32(weights)), value));
        b = vaddq_f32(b, vmulq_n_f32(vcvtq_f32_s32(vldrhq_s32(weights + 4)), value));
        c = vaddq_f32(c, vmulq_n_f32(vcvtq_f32_s32(vldrhq_s32(weights + 8)), value));
        d = vaddq_f32(d, vmulq_n_f32(vcvtq_f32_s32(vldrhq_s32(weights + 12)), value));
    }
    vstrwq_f32(outputs, a);
    vstrwq_f32(outputs + 4, b);
    vstrwq_f32(outputs + 8, c);
    vstrwq_f32(outputs + 12, d);
}
#endif

/* Outputs [from, to) of a layer over one place's inputs. */
static void combine(const p8_layer_t *layer, const float *inputs, int32_t from, int32_t to, float *outputs)
{
    const int32_t count = to - from;
    int32_t done = 0;
#if P8_MVE
    for (; done + 16 <= count; done += 16) {
        combine_16(layer, inputs, from + done, outputs + done);
    }
#endif
    for (int32_t output = done; output < count; output++) {
        outputs[output] = 0;
    }
    for (int32_t input = 0; input < layer->inputs && done < count; input++) {
        add_products(inputs[input], layer->weights + input * layer->outputs + from + done, count - done, outputs + done);
    }
    for (int32_t output = 0; output < count; output++) {
        outputs[output] = outputs[output] * layer->scale[from + output] + layer->bias[from + output];
    }
}

/* The trunk's codes at one 16x16 place as numbers. */
static void fine_at(const int8_t *codes, int32_t place, float *row)
{
    const int8_t *from = codes + place * P8_FACE_FINE;
    for (int32_t channel = 0; channel < P8_FACE_FINE; channel++) {
        row[channel] = ((float)from[channel] - P8_FACE_ZERO) * P8_FACE_SCALE;
    }
}

/* sums[channel] += values[channel] * weights[channel]. */
static void add_tap(const p8_layer_t *layer, int32_t tap, const float *values, float *sums)
{
    const int16_t *weights = layer->weights + tap * layer->outputs;
    int32_t channel = 0;
#if P8_MVE
    for (; channel + 4 <= layer->outputs; channel += 4) {
        const float32x4_t weight = vcvtq_f32_s32(vldrhq_s32(weights + channel));
        const float32x4_t product = vmulq_f32(vldrwq_f32(values + channel), weight);
        vstrwq_f32(sums + channel, vaddq_f32(vldrwq_f32(sums + channel), product));
    }
#endif
    for (; channel < layer->outputs; channel++) {
        sums[channel] += values[channel] * (float)weights[channel];
    }
}

static void end_sums(const p8_layer_t *layer, float *sums)
{
    for (int32_t channel = 0; channel < layer->outputs; channel++) {
        sums[channel] = sums[channel] * layer->scale[channel] + layer->bias[channel];
    }
}

/* 3x3 over the trunk's codes, two places a step: padding lies behind. */
static void slide_fine(const p8_layer_t *layer, const int8_t *codes, float *row, float *wide)
{
    for (int32_t y = 0; y < COARSE; y++) {
        for (int32_t x = 0; x < COARSE; x++, wide += layer->outputs) {
            memset(wide, 0, sizeof(float) * (size_t)layer->outputs);
            for (int32_t tap = 0; tap < 9; tap++) {
                const int32_t at_y = 2 * y + tap / 3, at_x = 2 * x + tap % 3;
                if (at_y < FINE && at_x < FINE) {
                    fine_at(codes, at_y * FINE + at_x, row);
                    add_tap(layer, tap, row, wide);
                }
            }
            end_sums(layer, wide);
        }
    }
}

static void slide_coarse(const p8_layer_t *layer, const float *stream, float *wide)
{
    for (int32_t y = 0; y < COARSE; y++) {
        for (int32_t x = 0; x < COARSE; x++, wide += layer->outputs) {
            memset(wide, 0, sizeof(float) * (size_t)layer->outputs);
            for (int32_t tap = 0; tap < 9; tap++) {
                const int32_t at_y = y + tap / 3 - 1, at_x = x + tap % 3 - 1;
                if (at_y >= 0 && at_x >= 0 && at_y < COARSE && at_x < COARSE) {
                    add_tap(layer, tap, stream + (at_y * COARSE + at_x) * layer->outputs, wide);
                }
            }
            end_sums(layer, wide);
        }
    }
}

/* The largest of two by two places of the trunk; channels that it lacks are 0. */
static void pool(const int8_t *codes, float *row, float *stream)
{
    memset(stream, 0, sizeof(float) * COARSE * COARSE * P8_FACE_COARSE);
    for (int32_t place = 0; place < FINE * FINE; place++) {
        const int32_t y = place / FINE, x = place % FINE;
        float *to = stream + (y / 2 * COARSE + x / 2) * P8_FACE_COARSE;
        fine_at(codes, place, row);
        for (int32_t channel = 0; channel < P8_FACE_FINE; channel++) {
            to[channel] = y % 2 || x % 2 ? larger(to[channel], row[channel]) : row[channel];
        }
    }
}

static void add_across(const p8_layer_t *layer, const float *wide, float *row, float *stream)
{
    for (int32_t place = 0; place < COARSE * COARSE; place++, wide += layer->inputs, stream += layer->outputs) {
        combine(layer, wide, 0, layer->outputs, row);
        for (int32_t channel = 0; channel < layer->outputs; channel++) {
            stream[channel] = larger(stream[channel] + row[channel], 0);
        }
    }
}

static void last_stage(const int8_t *codes, p8_detect_t *room)
{
    pool(codes, room->row, room->stream);
    slide_fine(&p8_face_layers[0], codes, room->row, room->wide);
    add_across(&p8_face_layers[1], room->wide, room->row, room->stream);
    for (int layer = 2; layer < P8_FACE_HEADS; layer += 2) {
        slide_coarse(&p8_face_layers[layer], room->stream, room->wide);
        add_across(&p8_face_layers[layer + 1], room->wide, room->row, room->stream);
    }
}

/* Keep an anchor among the best ones, in their order; of equal ones the first. */
static void keep(p8_detect_t *room, int32_t code, int32_t anchor)
{
    int32_t at = room->count;
    while (at > 0 && room->boxes[at - 1].code < code) {
        at--;
    }
    if (at == P8_MOST_BOXES) {
        return;
    }
    room->count += room->count < P8_MOST_BOXES;
    for (int32_t index = room->count - 1; index > at; index--) {
        room->boxes[index].code = room->boxes[index - 1].code;
        room->boxes[index].anchor = room->boxes[index - 1].anchor;
    }
    room->boxes[at].code = code;
    room->boxes[at].anchor = anchor;
}

static int32_t code_of(float logit)
{
    const float most = (float)MOST_CODE, code = __builtin_rintf(logit * LOGIT_CODES);
    return (int32_t)smaller(larger(code, -most), most);
}

static void score(const int8_t *codes, p8_detect_t *room)
{
    float logits[6];
    room->count = 0;
    for (int32_t anchor = 0; anchor < ANCHORS;) {
        const int32_t fine = anchor < FINE * FINE * 2, count = fine ? 2 : 6;
        const p8_layer_t *head = &p8_face_layers[P8_FACE_HEADS + (fine ? 0 : 1)];
        if (fine) {
            fine_at(codes, anchor / 2, room->row);
        }
        const float *inputs = fine ? room->row : room->stream + (anchor - FINE * FINE * 2) / 6 * P8_FACE_COARSE;
        combine(head, inputs, 0, count, logits);
        for (int32_t index = 0; index < count; index++, anchor++) {
            const int32_t code = code_of(logits[index]);
            if (code >= 0) {
                keep(room, code, anchor);
            }
        }
    }
}

/* An anchor's middle along an axis. */
static float anchor_at(int32_t place, int32_t places)
{
    const float field = (float)(P8_VIEW_SIDE / places);
    return (float)place * field + field / 2;
}

static void decode(const int8_t *codes, p8_detect_t *room)
{
    for (int32_t index = 0; index < room->count; index++) {
        const int32_t anchor = room->boxes[index].anchor, fine = anchor < FINE * FINE * 2;
        const int32_t number = fine ? anchor : anchor - FINE * FINE * 2, count = fine ? 2 : 6;
        const int32_t place = number / count, side = fine ? FINE : COARSE, own = number % count * 16;
        float values[16];
        if (fine) {
            fine_at(codes, place, room->row);
        }
        combine(&p8_face_layers[P8_FACE_HEADS + (fine ? 2 : 3)], fine ? room->row : room->stream + place * P8_FACE_COARSE,
                own, own + 16, values);
        const float at[2] = {anchor_at(place % side, side), anchor_at(place / side, side)};
        float(*pairs)[2] = room->boxes[index].pairs;
        for (int axis = 0; axis < 2; axis++) {
            const float middle = values[axis] + at[axis], half = values[2 + axis] * 0.5f;
            pairs[0][axis] = middle - half;
            pairs[1][axis] = middle + half;
            for (int point = 2; point < 8; point++) {
                pairs[point][axis] = values[2 * point + axis] + at[axis];
            }
        }
        room->boxes[index].used = 0;
    }
}

static float area(const p8_box_t *box)
{
    return (box->x1 - box->x0) * (box->y1 - box->y0);
}

bool p8_same_face(const p8_box_t *one, const p8_box_t *other)
{
    const float across = larger(smaller(one->x1, other->x1) - larger(one->x0, other->x0), 0);
    const float down = larger(smaller(one->y1, other->y1) - larger(one->y0, other->y0), 0);
    const float shared = across * down, joint = area(one) + area(other) - shared;
    return shared > SAME_FACE * joint;
}

static p8_box_t box_of(float (*pairs)[2])
{
    return (p8_box_t){pairs[0][0], pairs[0][1], pairs[1][0], pairs[1][1]};
}

/* The mean of the boxes that overlap the best one, weighted by score; px of the view. */
static void merge(p8_detect_t *room, int32_t best, float mean[8][2])
{
    const p8_box_t first = box_of(room->boxes[best].pairs);
    float weight = 0;
    memset(mean, 0, sizeof(float) * 16);
    for (int32_t index = best; index < room->count; index++) {
        const p8_box_t box = box_of(room->boxes[index].pairs);
        if (!room->boxes[index].used && (index == best || p8_same_face(&box, &first))) {
            const float share = p8_score(room->boxes[index].code);
            for (int pair = 0; pair < 16; pair++) {
                mean[pair / 2][pair % 2] += room->boxes[index].pairs[pair / 2][pair % 2] * share;
            }
            weight += share;
            room->boxes[index].used = 1;
        }
    }
    for (int pair = 0; pair < 16; pair++) {
        mean[pair / 2][pair % 2] /= weight;
    }
}

static p8_found_t placed(float mean[8][2], int32_t code, p8_square_t square)
{
    const float scale = (float)square.side * (1.0f / (P8_PARTS * P8_VIEW_SIDE));
    const float origin[2] = {(float)square.x * (1.0f / P8_PARTS), (float)square.y * (1.0f / P8_PARTS)};
    for (int pair = 0; pair < 16; pair++) {
        mean[pair / 2][pair % 2] = mean[pair / 2][pair % 2] * scale + origin[pair % 2];
    }
    p8_found_t found;
    found.box = box_of(mean);
    found.code = code;
    for (int point = 0; point < 6; point++) {
        found.face.points[point].x = mean[2 + point][0];
        found.face.points[point].y = mean[2 + point][1];
    }
    return found;
}

int32_t p8_detect(const p8_picture_t *picture, p8_square_t square, int8_t *arena, p8_detect_t *room,
                  p8_found_t found[P8_MOST_FACES])
{
    const p8_net_t *net = &p8_nets[P8_FACE_NET];
    p8_view_codes(picture, square, arena + net->input);
    if (p8_net_run(net, arena, P8_ARENA_BYTES, NULL, NULL) != P8_OK) {
        return 0; /* the arena's place and size are the caller's, and constant */
    }
    const int8_t *codes = arena + net->output;
    last_stage(codes, room);
    score(codes, room);
    decode(codes, room);
    int32_t count = 0;
    for (int32_t best = 0; best < room->count && count < P8_MOST_FACES; best++) {
        if (!room->boxes[best].used) {
            float mean[8][2];
            merge(room, best, mean);
            found[count++] = placed(mean, room->boxes[best].code, square);
        }
    }
    return count;
}

float p8_score(int32_t code)
{
    return p8_face_scores[code];
}

float p8_box_side(const p8_box_t *box)
{
    return larger(box->x1 - box->x0, box->y1 - box->y0);
}

p8_point_t p8_box_middle(const p8_box_t *box)
{
    return (p8_point_t){(box->x0 + box->x1) * 0.5f, (box->y0 + box->y1) * 0.5f};
}

p8_square_t p8_square_about(float x, float y, float side_px)
{
    const float limited = smaller(side_px, (float)P8_LARGEST_SIDE / P8_PARTS);
    const int32_t wanted = (int32_t)__builtin_rintf(limited * P8_PARTS);
    const int32_t side = (wanted < P8_VIEW_SIDE ? P8_VIEW_SIDE : wanted) / 2 * 2;
    return (p8_square_t){(int32_t)__builtin_rintf(x * P8_PARTS) - side / 2,
                         (int32_t)__builtin_rintf(y * P8_PARTS) - side / 2, side};
}

p8_square_t p8_around(const p8_box_t *box)
{
    const p8_point_t middle = p8_box_middle(box);
    return p8_square_about(middle.x, middle.y, AROUND * p8_box_side(box));
}
#endif
