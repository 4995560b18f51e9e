/*
 * A hidden Markov model, filtered forwards: a heart's rate wanders, a pulse seldom comes or goes, and each window says
 * how likely each rate is, or none: a tone in white noise of unknown strength. As in Python (measure/signal/tracker.py
 * and display.py), whose constants these are.
 */
#include "p8_shown.h"

#include "p8_math.h"
#include "p8_rate.h"

#include <string.h>

#define SECOND_US 1000000
#define LONGEST_PAUSE 60 /* seconds of a pause that are followed; by then nothing is shown any more */
#define LN_2 0.69314718f
#define LEAST_POWER (-60.0f) /* of e: p8_exp reaches no farther, and what is less likely does not matter */
#define MOST_EXPLAINED 0.99999994f
#define SHORTEST_S 1e-3f

static float at_least(float value, float least)
{
    return value > least ? value : least;
}

static float bpm_of(int rate)
{
    return P8_BAND_LOW_BPM + P8_STEP_BPM * (float)rate;
}

void p8_shown_reset(p8_tracker_t *tracker)
{
    memset(tracker, 0, sizeof *tracker);
    for (int rate = 0; rate < P8_RATES; rate++) {
        tracker->belief[rate] = 0.5f / P8_RATES;
    }
    tracker->belief[P8_RATES] = 0.5f;
}

/* Let the rate wander, and pulses come and go. */
static void pass(p8_tracker_t *tracker, float seconds, p8_tracker_room_t *room)
{
    float *belief = tracker->belief, *weights = room->weights, *spread = room->spread;
    const float width = P8_WANDER_BPM * __builtin_sqrtf(at_least(seconds, SHORTEST_S));
    for (int away = 0; away < P8_RATES; away++) {
        const float distance = P8_STEP_BPM * (float)away / width;
        weights[away] = p8_exp(at_least(-0.5f * distance * distance, LEAST_POWER));
    }
    float pulse = 0;
    for (int from = 0; from < P8_RATES; from++) {
        float sum = 0;
        for (int to = 0; to < P8_RATES; to++) {
            sum += weights[to < from ? from - to : to - from];
        }
        pulse += belief[from];
        spread[from] = belief[from] / sum;
    }
    const float change = 1.0f - p8_exp(at_least(seconds * P8_LOG_STAYING_A_S, LEAST_POWER));
    const float coming = change * belief[P8_RATES] / P8_RATES;
    for (int to = 0; to < P8_RATES; to++) {
        float wandered = 0;
        for (int from = 0; from < P8_RATES; from++) {
            wandered += weights[to < from ? from - to : to - from] * spread[from];
        }
        belief[to] = (1.0f - change) * wandered + coming;
    }
    belief[P8_RATES] = (1.0f - change) * belief[P8_RATES] + change * pulse;
}

/* Lay a Hann window without its two zeros over the wave about its mean. */
typedef struct {
    float weights, energy;
} p8_laid_t;

static p8_laid_t lay(const float *wave, uint32_t count, float *windowed)
{
    float sum = 0;
    for (uint32_t index = 0; index < count; index++) {
        sum += wave[index];
    }
    const float mean = sum / (float)count;
    p8_laid_t laid = {0, 0};
    for (uint32_t index = 0; index < count; index++) {
        const float hann = 0.5f - 0.5f * p8_cos_turns((float)(index + 1) / (float)(count + 1));
        const float value = wave[index] - mean;
        windowed[index] = hann * value;
        laid.weights += hann;
        laid.energy += windowed[index] * value;
    }
    return laid;
}

/* Weigh the belief by how likely each rate makes a wave, `share` of which is new. */
static void weigh(p8_tracker_t *tracker, const float *wave, uint32_t count, float share, p8_tracker_room_t *room)
{
    const p8_laid_t laid = lay(wave, count, room->windowed);
    if (!(laid.energy > 0) || laid.energy - laid.energy != 0) {
        return; /* constant or not finite: it says nothing */
    }
    const float bins = (float)count / P8_RATE_HZ * (P8_BAND_HIGH_BPM - P8_BAND_LOW_BPM) / 60.0f;
    float *evidence = room->spread, most = share * P8_NO_PULSE;
    for (int rate = 0; rate < P8_RATES; rate++) {
        const float power = p8_power_at(room->windowed, count, bpm_of(rate) / (60.0f * P8_RATE_HZ));
        const float explained = 2.0f * power / (laid.weights * laid.energy);
        const float left = 1.0f - (explained < MOST_EXPLAINED ? explained : MOST_EXPLAINED);
        evidence[rate] = share * (-bins * LN_2 * p8_log2(left));
        most = at_least(most, evidence[rate]);
    }
    evidence[P8_RATES] = share * P8_NO_PULSE;
    float sum = 0;
    for (int rate = 0; rate <= P8_RATES; rate++) {
        tracker->belief[rate] *= p8_exp(at_least(evidence[rate] - most, LEAST_POWER));
        sum += tracker->belief[rate];
    }
    for (int rate = 0; rate <= P8_RATES; rate++) {
        tracker->belief[rate] /= sum;
    }
}

/* The likeliest rate and the belief about it. */
static p8_shown_t shown_of(const p8_tracker_t *tracker, p8_reason_t reason)
{
    int top = 0;
    float pulse = 0;
    for (int rate = 0; rate < P8_RATES; rate++) {
        top = tracker->belief[rate] > tracker->belief[top] ? rate : top;
        pulse += tracker->belief[rate];
    }
    float near = 0, middle = 0, squares = 0;
    for (int rate = 0; rate < P8_RATES; rate++) {
        const float away = bpm_of(rate) - bpm_of(top);
        if (away <= P8_NEAR_BPM && -away <= P8_NEAR_BPM) {
            near += tracker->belief[rate];
            middle += tracker->belief[rate] * away;
        }
    }
    p8_shown_t shown = {.at_us = tracker->at_us, .confidence = near < 1.0f ? near : 1.0f};
    if (!(near >= P8_LEAST_BELIEF) || !tracker->trusted) {
        shown.reason = reason;
        return shown;
    }
    shown.bpm = bpm_of(top) + middle / near;
    for (int rate = 0; rate < P8_RATES; rate++) {
        const float away = bpm_of(rate) - shown.bpm;
        squares += tracker->belief[rate] * (away * away);
    }
    shown.spread_bpm = __builtin_sqrtf(squares / pulse + P8_STEP_BPM * P8_STEP_BPM);
    shown.age_s = (float)(tracker->at_us - tracker->read_us) * 1e-6f;
    return shown;
}

p8_shown_t p8_shown_push(p8_tracker_t *tracker, const float *wave, uint32_t count, int64_t end_us, bool accepted,
                         p8_tracker_room_t *room)
{
    const float length_s = (float)count / P8_RATE_HZ;
    float passed_s = length_s;
    if (tracker->begun) {
        passed_s = at_least((float)(end_us - tracker->at_us) * 1e-6f, 0);
        pass(tracker, passed_s, room);
    }
    tracker->begun = true;
    tracker->trusted = tracker->trusted || accepted;
    tracker->at_us = tracker->read_us = end_us;
    tracker->waited = 0;
    weigh(tracker, wave, count, passed_s < length_s ? passed_s / length_s : 1.0f, room);
    return shown_of(tracker, P8_REASON_NO_PULSE);
}

p8_shown_t p8_shown_wait(p8_tracker_t *tracker, int64_t end_us, p8_reason_t reason, p8_tracker_room_t *room)
{
    if (!tracker->begun) {
        return (p8_shown_t){.at_us = end_us, .reason = reason};
    }
    tracker->waited = 0;
    pass(tracker, at_least((float)(end_us - tracker->at_us) * 1e-6f, 0), room);
    tracker->at_us = end_us;
    const p8_shown_t shown = shown_of(tracker, reason);
    tracker->trusted = shown.reason == P8_REASON_NONE;
    return shown;
}

bool p8_shown_pause(p8_tracker_t *tracker, int64_t until_us, p8_reason_t reason, p8_tracker_room_t *room,
                    p8_shown_t *shown)
{
    bool passed = false;
    while (tracker->begun && until_us - tracker->at_us > 2 * SECOND_US && tracker->waited < LONGEST_PAUSE - 1) {
        const uint32_t waited = tracker->waited;
        *shown = p8_shown_wait(tracker, tracker->at_us + SECOND_US, reason, room);
        tracker->waited = waited + 1;
        passed = true;
    }
    return passed;
}
