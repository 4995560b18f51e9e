/* The line is little endian, and so are all targets: numbers are copied as they are in memory. */
#include "p8_serve.h"

#include "p8_requant.h"

#include <assert.h>
#include <string.h>

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the line's byte order is the machine's");

static const uint8_t model_id[P8_LINK_MODEL] = P8_MODEL_ID;

static void begin(p8_serve_t *serve, uint8_t command, size_t length)
{
    p8_send_begin(&serve->sender, command, model_id, (uint32_t)length);
}

static void answer(p8_serve_t *serve, uint8_t command, p8_status_t status)
{
    begin(serve, command, 0);
    p8_send_end(&serve->sender, status);
}

static uint32_t now(const p8_serve_t *serve)
{
    return serve->target.cycles ? serve->target.cycles() : 0;
}

static void send_u32(p8_serve_t *serve, uint32_t value)
{
    p8_send(&serve->sender, &value, sizeof value);
}

static void inform(p8_serve_t *serve)
{
    const uint8_t facts[4] = {serve->target.target, P8_MVE, P8_MONITORED, P8_NETS};
    begin(serve, P8_INFO, sizeof facts + 4 * 3 + P8_NETS * 4 * 3);
    p8_send(&serve->sender, facts, sizeof facts);
    send_u32(serve, P8_ARENA_BYTES);
    send_u32(serve, (uint32_t)serve->link.capacity);
    send_u32(serve, serve->target.clock_hz);
    for (int index = 0; index < P8_NETS; index++) {
        send_u32(serve, p8_nets[index].input_bytes);
        send_u32(serve, p8_nets[index].output_bytes);
        send_u32(serve, p8_nets[index].step_count);
    }
    p8_send_end(&serve->sender, P8_OK);
}

static void send_layer(void *context, uint32_t step, const int8_t *y, size_t bytes)
{
    (void)step;
    p8_send(&((p8_serve_t *)context)->sender, y, bytes);
}

static void send_checksum(void *context, uint32_t step, const int8_t *y, size_t bytes)
{
    (void)step;
    send_u32((p8_serve_t *)context, p8_crc32(0, y, bytes));
}

/* Bytes of all layers together. */
static size_t layer_bytes(const p8_net_t *net)
{
    size_t bytes = 0;
    for (uint32_t index = 0; index < net->step_count; index++) {
        const p8_shape_t out = net->steps[index].out;
        bytes += (size_t)out.height * out.width * out.channels;
    }
    return bytes;
}

/* One input after the other, as they arrive on the line. */
static void take_inputs(p8_serve_t *serve, const p8_net_t *net, const uint8_t *from)
{
    for (uint32_t number = 0; number < p8_net_inputs(net); number++) {
        const p8_end_t input = p8_net_input(net, number);
        memcpy(serve->arena + input.place, from, input.bytes);
        from += input.bytes;
    }
}

static void run_cpu(p8_serve_t *serve, const p8_net_t *net, const uint8_t *input, uint8_t flags)
{
    p8_layer_hook_t hook = NULL;
    size_t before = 0;
    if (flags & P8_RUN_LAYERS) {
        hook = send_layer;
        before = layer_bytes(net);
    } else if (flags & P8_RUN_CHECKSUMS) {
        hook = send_checksum;
        before = net->step_count * sizeof(uint32_t);
    }
    take_inputs(serve, net, input);
    begin(serve, P8_RUN, before + net->output_bytes);
    const uint32_t start = now(serve);
    const p8_status_t status = p8_net_run(net, serve->arena, P8_ARENA_BYTES, hook, serve);
    serve->cycles[1] = now(serve) - start;
    for (uint32_t number = 0; number < p8_net_outputs(net); number++) {
        const p8_end_t output = p8_net_output(net, number);
        p8_send(&serve->sender, serve->arena + output.place, output.bytes);
    }
    p8_send_end(&serve->sender, status);
}

static void run_target(p8_serve_t *serve, uint8_t index, const uint8_t *input)
{
    const p8_net_t *net = &p8_nets[index];
    const uint32_t start = now(serve);
    const p8_status_t status = serve->target.run(serve->target.context, index, input, serve->arena + net->output);
    serve->cycles[1] = now(serve) - start;
    begin(serve, P8_RUN, net->output_bytes);
    p8_send(&serve->sender, serve->arena + net->output, net->output_bytes);
    p8_send_end(&serve->sender, status);
}

/* The face detector's trunk never runs elsewhere. */
static bool on_cpu(uint8_t index)
{
#if P8_CAMERA
    return index == P8_FACE_NET;
#else
    (void)index;
    return false;
#endif
}

static void run(p8_serve_t *serve, const p8_frame_t *frame)
{
    const uint8_t index = frame->length >= 2 ? frame->payload[0] : P8_NETS;
    if (index >= P8_NETS || frame->length != 2 + p8_nets[index].input_bytes) {
        answer(serve, P8_RUN, P8_BAD_VALUE);
    } else if (serve->target.run && !on_cpu(index)) {
        run_target(serve, index, frame->payload + 2);
    } else {
        run_cpu(serve, &p8_nets[index], frame->payload + 2, frame->payload[1]);
    }
}

static void send_cycles(p8_serve_t *serve)
{
    begin(serve, P8_CYCLES, sizeof serve->cycles);
    p8_send(&serve->sender, serve->cycles, sizeof serve->cycles);
    p8_send_end(&serve->sender, P8_OK);
}

#if P8_MONITORED
static void send_row(p8_serve_t *serve, const p8_row_t *row)
{
    p8_send(&serve->sender, &row->t_us, sizeof row->t_us);
    p8_send(&serve->sender, row->rgb, sizeof row->rgb);
    p8_send(&serve->sender, row->pixels, sizeof row->pixels);
    p8_send(&serve->sender, row->valid, sizeof row->valid);
    p8_send(&serve->sender, row->reason, sizeof row->reason);
}

static const uint8_t *take(const uint8_t *from, void *to, size_t bytes)
{
    memcpy(to, from, bytes);
    return from + bytes;
}

p8_row_t p8_row_of(const uint8_t *bytes)
{
    p8_row_t row;
    bytes = take(bytes, &row.t_us, sizeof row.t_us);
    bytes = take(bytes, row.rgb, sizeof row.rgb);
    bytes = take(bytes, row.pixels, sizeof row.pixels);
    bytes = take(bytes, row.valid, sizeof row.valid);
    take(bytes, row.reason, sizeof row.reason);
    for (size_t roi = 0; roi < sizeof row.valid; roi++) {
        row.valid[roi] = row.valid[roi] != 0; /* it is counted with */
    }
    return row;
}

/* What a display shows after it. */
static void send_shown(p8_serve_t *serve)
{
    const p8_shown_t shown = p8_monitor_shown(serve->monitor);
    const uint8_t reason = (uint8_t)shown.reason;
    p8_send(&serve->sender, &shown.at_us, sizeof shown.at_us);
    p8_send(&serve->sender, &shown.bpm, sizeof shown.bpm);
    p8_send(&serve->sender, &shown.spread_bpm, sizeof shown.spread_bpm);
    p8_send(&serve->sender, &shown.confidence, sizeof shown.confidence);
    p8_send(&serve->sender, &shown.age_s, sizeof shown.age_s);
    p8_send(&serve->sender, &reason, sizeof reason);
}

static void send_reading(p8_serve_t *serve, const p8_reading_t *reading)
{
    const uint8_t ends[2] = {(uint8_t)reading->rate.reason, reading->provisional};
    p8_send(&serve->sender, &reading->start_us, sizeof reading->start_us);
    p8_send(&serve->sender, &reading->end_us, sizeof reading->end_us);
    p8_send(&serve->sender, &reading->rate.bpm, sizeof reading->rate.bpm);
    p8_send(&serve->sender, &reading->rate.confidence, sizeof reading->rate.confidence);
    p8_send(&serve->sender, &reading->rate.seconds, sizeof reading->rate.seconds);
    p8_send(&serve->sender, ends, sizeof ends);
    send_shown(serve);
}

/* The window that is due, step by step under the counter, with its clip sent between. */
static p8_status_t send_window(p8_serve_t *serve, bool with_clip, uint32_t clip_cycles)
{
    const size_t clip_bytes = (size_t)P8_ROIS * P8_CELLS * P8_WINDOW * P8_INPUTS;
    p8_reading_t reading;
    serve->cycles[0] = clip_cycles;
    if (with_clip) {
        p8_send(&serve->sender, p8_monitor_codes(serve->monitor), clip_bytes);
    }
    uint32_t start = now(serve);
    const p8_status_t status = p8_monitor_infer(serve->monitor);
    serve->cycles[1] = now(serve) - start;
    start = now(serve);
    reading = p8_monitor_rate(serve->monitor);
    serve->cycles[2] = now(serve) - start;
    send_reading(serve, &reading);
    return status;
}

/* Keep a row and answer with the result; the row itself comes first where it was measured here. */
static void replay_row(p8_serve_t *serve, uint8_t command, uint8_t flags, const p8_row_t *row, bool with_row)
{
    const size_t before = with_row ? P8_ROW_BYTES : 0;
    if (flags & P8_REPLAY_RESET) {
        p8_monitor_reset(serve->monitor);
    }
    p8_status_t status = p8_monitor_push(serve->monitor, row);
    p8_reading_t refused;
    memset(&refused, 0, sizeof refused);
    uint8_t found = 0; /* 0 nothing, 1 a reading, 2 a reading and its clip, 3 a window refused */
    const uint32_t start = now(serve);
    if (status == P8_OK && p8_monitor_due(serve->monitor)) {
        const p8_reason_t reason = p8_monitor_clip(serve->monitor);
        found = reason != P8_REASON_NONE ? 3 : flags & P8_REPLAY_CLIP ? 2 : 1;
        if (found == 3) {
            refused = p8_monitor_refused(serve->monitor, reason);
        }
    }
    const uint32_t clip_cycles = now(serve) - start;
    const size_t clip_bytes = found == 2 ? (size_t)P8_ROIS * P8_CELLS * P8_WINDOW * P8_INPUTS : 0;
    begin(serve, command, before + 1 + clip_bytes + (found ? P8_READING_BYTES : 0));
    if (with_row) {
        send_row(serve, row);
    }
    p8_send(&serve->sender, &found, 1);
    if (found == 3) {
        send_reading(serve, &refused);
    } else if (found) {
        status = send_window(serve, found == 2, clip_cycles);
    }
    p8_send_end(&serve->sender, status);
}

static void replay(p8_serve_t *serve, const p8_frame_t *frame)
{
    if (frame->length != 1 + P8_ROW_BYTES) {
        answer(serve, P8_REPLAY, P8_BAD_VALUE);
        return;
    }
    const p8_row_t row = p8_row_of(frame->payload + 1);
    replay_row(serve, P8_REPLAY, frame->payload[0], &row, false);
}

/* A picture as a camera gives it: rows without gaps. All key points zero: no face. */
static void picture(p8_serve_t *serve, const p8_frame_t *frame)
{
    uint16_t size[2];
    int64_t t_us;
    p8_face_t face;
    const size_t head = 1 + sizeof size + sizeof t_us + sizeof face;
    if (frame->length < head) {
        answer(serve, P8_PICTURE, P8_BAD_VALUE);
        return;
    }
    const uint8_t *bytes = take(frame->payload + 1, size, sizeof size);
    bytes = take(bytes, &t_us, sizeof t_us);
    bytes = take(bytes, &face, sizeof face);
    const p8_picture_t view = {bytes, size[0], size[1], 3 * (size_t)size[0], P8_RGB888};
    static const uint8_t none[sizeof(p8_face_t)] = {0};
    p8_row_t row;
    const bool complete = frame->length == head + view.stride_bytes * view.height;
    const bool seen = memcmp(&face, none, sizeof face) != 0;
    const p8_status_t status = complete ? p8_measure_row(&view, seen ? &face : NULL, t_us, &row) : P8_BAD_VALUE;
    if (status != P8_OK) {
        answer(serve, P8_PICTURE, status);
        return;
    }
    replay_row(serve, P8_PICTURE, frame->payload[0], &row, true);
}

#if P8_CAMERA
static void send_seen(p8_serve_t *serve, const p8_seen_t *seen)
{
    const uint8_t found = seen->found;
    p8_send(&serve->sender, &found, 1);
    p8_send(&serve->sender, &seen->faces, sizeof seen->faces);
    p8_send(&serve->sender, &seen->score, sizeof seen->score);
    p8_send(&serve->sender, &seen->face, sizeof seen->face);
    p8_send(&serve->sender, seen->rois, sizeof seen->rois);
    p8_send(&serve->sender, seen->reason, sizeof seen->reason);
}

static void send_number(p8_serve_t *serve, const p8_number_t *number)
{
    const uint8_t ends[2] = {(uint8_t)number->reason, number->provisional};
    p8_send(&serve->sender, &number->bpm, sizeof number->bpm);
    p8_send(&serve->sender, &number->plus_minus, sizeof number->plus_minus);
    p8_send(&serve->sender, &number->confidence, sizeof number->confidence);
    p8_send(&serve->sender, &number->age_s, sizeof number->age_s);
    p8_send(&serve->sender, &number->number, sizeof number->number);
    p8_send(&serve->sender, ends, sizeof ends);
}

/* A camera's picture: rows without gaps. */
static void view(p8_serve_t *serve, const p8_frame_t *frame)
{
    static const uint8_t pixel_bytes[] = {3, 3, 4, 2, 2};
    uint16_t size[2];
    int64_t t_us;
    const size_t head = 2 + sizeof size + sizeof t_us;
    if (frame->length < head || frame->payload[1] >= sizeof pixel_bytes) {
        answer(serve, P8_VIEW, P8_BAD_VALUE);
        return;
    }
    const uint8_t *bytes = take(frame->payload + 2, size, sizeof size);
    bytes = take(bytes, &t_us, sizeof t_us);
    const size_t stride = (size_t)pixel_bytes[frame->payload[1]] * size[0];
    const p8_picture_t picture = {bytes, size[0], size[1], stride, (p8_format_t)frame->payload[1]};
    if (frame->length != head + stride * size[1]) {
        answer(serve, P8_VIEW, P8_BAD_VALUE);
        return;
    }
    if (frame->payload[0] & P8_REPLAY_RESET) {
        p8_camera_reset(serve->camera);
    }
    const p8_status_t status = p8_camera_push(serve->camera, &picture, t_us);
    const p8_number_t number = p8_camera_reading(serve->camera);
    begin(serve, P8_VIEW, P8_SEEN_BYTES + P8_NUMBER_BYTES);
    send_seen(serve, p8_camera_seen(serve->camera));
    send_number(serve, &number);
    p8_send_end(&serve->sender, status);
}
#endif

static void record(p8_serve_t *serve, const p8_frame_t *frame)
{
    if (frame->length != sizeof serve->rows_left) {
        answer(serve, P8_RECORD, P8_BAD_VALUE);
        return;
    }
    memcpy(&serve->rows_left, frame->payload, sizeof serve->rows_left);
    answer(serve, P8_RECORD, P8_OK);
}

void p8_serve_row(p8_serve_t *serve, const p8_row_t *row)
{
    if (serve->rows_left) {
        serve->rows_left--;
        begin(serve, P8_RECORD, P8_ROW_BYTES);
        send_row(serve, row);
        p8_send_end(&serve->sender, P8_OK);
    }
}
#endif

/* Whether a frame is addressed to this model. */
static bool meant(const p8_frame_t *frame)
{
    static const uint8_t any[P8_LINK_MODEL] = {0};
    return !memcmp(frame->model, any, sizeof any) || !memcmp(frame->model, model_id, sizeof model_id);
}

static void serve_frame(p8_serve_t *serve, const p8_frame_t *frame)
{
    if (!meant(frame)) {
        answer(serve, frame->command, P8_UNKNOWN);
        return;
    }
    switch (frame->command) {
    case P8_INFO:
        inform(serve);
        break;
    case P8_RUN:
        run(serve, frame);
        break;
    case P8_CYCLES:
        send_cycles(serve);
        break;
#if P8_MONITORED
    case P8_REPLAY:
        replay(serve, frame);
        break;
    case P8_PICTURE:
        picture(serve, frame);
        break;
    case P8_RECORD:
        record(serve, frame);
        break;
#endif
#if P8_CAMERA
    case P8_VIEW:
        view(serve, frame);
        break;
#endif
    default:
        answer(serve, frame->command, P8_UNKNOWN);
    }
}

void p8_serve_byte(p8_serve_t *serve, uint8_t byte)
{
    p8_frame_t frame;
    p8_status_t why = P8_OK;
    switch (p8_link_feed(&serve->link, byte, &frame, &why)) {
    case P8_LINK_MORE:
        break;
    case P8_LINK_FRAME:
        serve_frame(serve, &frame);
        break;
    case P8_LINK_BROKEN:
        answer(serve, 0, why);
        break;
    }
}
