/*
 * Prints what is shown after each step of a sequence. Standard input, step after step: int64 moment in microseconds,
 * uint32 samples and reason, and so many float32 samples of a wave; no sample: a moment in which nothing was read;
 * UINT32_MAX: a pause until that moment. A wave with a reason is of a window whose own rate was refused.
 */
#include "p8_shown.h"

#include <stdio.h>

int main(void)
{
    static p8_tracker_t tracker;
    static p8_tracker_room_t room;
    static float wave[P8_WINDOW];
    int64_t end_us;
    uint32_t head[2];
    p8_shown_t shown = {0};
    p8_shown_reset(&tracker);
    while (fread(&end_us, sizeof end_us, 1, stdin) == 1) {
        if (fread(head, sizeof head, 1, stdin) != 1) {
            return 1;
        }
        const p8_reason_t reason = (p8_reason_t)head[1];
        if (head[0] == UINT32_MAX) {
            (void)p8_shown_pause(&tracker, end_us, reason, &room, &shown);
        } else if (!head[0]) {
            shown = p8_shown_wait(&tracker, end_us, reason, &room);
        } else if (head[0] <= P8_WINDOW && fread(wave, sizeof *wave, head[0], stdin) == head[0]) {
            shown = p8_shown_push(&tracker, wave, head[0], end_us, reason == P8_REASON_NONE, &room);
        } else {
            return 1;
        }
        printf("%lld %.9g %.9g %.9g %.9g %d\n", (long long)shown.at_us, (double)shown.bpm, (double)shown.spread_bpm,
               (double)shown.confidence, (double)shown.age_s, (int)shown.reason);
    }
    return 0;
}
