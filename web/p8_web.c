/*
 * The core as a page calls it: WebAssembly without a library. What comes of a call lies in `out` until the next one. All
 * memory is there from the start: this file's arrays, and above them what p8_web_begin hands on.
 */
#include "p8_camera.h"
#include "p8_facts.h"
#include "p8_model.h"

#include <string.h>

#define EXPORT(name) __attribute__((export_name(#name))) name

enum { PAGE_BYTES = 65536, MOST_PIXELS = 1920 * 1080 };

/* In the order of pulse8.js. */
typedef struct {
    double found, faces, place, score, rois[P8_ROIS][4], reasons[P8_ROIS]; /* px; p8_reason_t */
    double number, bpm, plus_minus, confidence, age_s, reason, provisional;
} out_t;

extern uint8_t __heap_base; /* end of the linker's data */

static out_t out;
static uint8_t pixels[MOST_PIXELS * 4]; /* red, green, blue, alpha: a canvas's */
static float wave[P8_JOINED];
static p8_spectrum_t spectrum;
static p8_camera_t *camera;
static p8_row_t row;

const char *EXPORT(p8_web_facts)(void)
{
    return P8_FACTS;
}

static void tell(void)
{
    const p8_seen_t *seen = p8_camera_seen(camera);
    const p8_number_t number = p8_camera_reading(camera);
    out = (out_t){
        .found = seen->found,
        .faces = seen->faces,
        .place = seen->place,
        .score = (double)seen->score,
        .number = number.number,
        .bpm = (double)number.bpm,
        .plus_minus = (double)number.plus_minus,
        .confidence = (double)number.confidence,
        .age_s = (double)number.age_s,
        .reason = number.reason,
        .provisional = number.provisional,
    };
    for (int roi = 0; roi < P8_ROIS; roi++) {
        const int32_t edges[4] = {seen->rois[roi].x0, seen->rois[roi].y0, seen->rois[roi].x1, seen->rois[roi].y1};
        for (int edge = 0; edge < 4; edge++) {
            out.rois[roi][edge] = (double)edges[edge] / P8_PARTS;
        }
        out.reasons[roi] = seen->reason[roi];
    }
}

const out_t *EXPORT(p8_web_out)(void)
{
    tell();
    return &out;
}

/* Begin, or forget all. */
p8_status_t EXPORT(p8_web_begin)(void)
{
    const uintptr_t begin = ((uintptr_t)&__heap_base + P8_ALIGN - 1) / P8_ALIGN * P8_ALIGN;
    return p8_camera_begin((void *)begin, __builtin_wasm_memory_size(0) * PAGE_BYTES - begin, &camera);
}

/* Measure another face, as p8_camera_choose has it; forgets all. */
p8_status_t EXPORT(p8_web_choose)(int32_t face)
{
    return p8_camera_choose(camera, face);
}

/* Room for a picture of so many pixels, or NULL. */
uint8_t *EXPORT(p8_web_pixels)(uint32_t width, uint32_t height)
{
    return (uint64_t)width * height <= MOST_PIXELS ? pixels : NULL;
}

/* Measure the picture that lies there. */
p8_status_t EXPORT(p8_web_push)(uint32_t width, uint32_t height, double t_us)
{
    const p8_picture_t picture = {pixels, width, height, 4 * (size_t)width, P8_RGBA8888};
    return p8_camera_push(camera, &picture, (int64_t)t_us);
}

/* A recording's colours in place of a picture: the caller's, where it lies. */
p8_row_t *EXPORT(p8_web_row)(void)
{
    return &row;
}

p8_status_t EXPORT(p8_web_push_row)(double t_us)
{
    row.t_us = (int64_t)t_us;
    return p8_camera_push_row(camera, &row);
}

/* The wave of the last reading; returns its samples. */
uint32_t EXPORT(p8_web_wave)(void)
{
    return p8_monitor_wave(p8_camera_monitor(camera), wave);
}

const float *EXPORT(p8_web_samples)(void)
{
    return wave;
}

/* The power of that wave's rates, 60 * P8_RATE_HZ / P8_FFT_LENGTH apart, from one below the band. */
const float *EXPORT(p8_web_spectrum)(uint32_t count)
{
    p8_rate(wave, count, &spectrum);
    return spectrum.power;
}

/* Where a network's input and output lie, and a run: to be held against the integer reference. It ends a measurement. */
int8_t *EXPORT(p8_web_input)(uint32_t net)
{
    return p8_monitor_arena(p8_camera_monitor(camera)) + p8_nets[net].input;
}

const int8_t *EXPORT(p8_web_output)(uint32_t net)
{
    return p8_monitor_arena(p8_camera_monitor(camera)) + p8_nets[net].output;
}

p8_status_t EXPORT(p8_web_run)(uint32_t net)
{
    return p8_net_run(&p8_nets[net], p8_monitor_arena(p8_camera_monitor(camera)), P8_ARENA_BYTES, NULL, NULL);
}
