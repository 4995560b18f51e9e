/*
 * Prints the features of one reading. Standard input: float32 wave [P8_WINDOW], float32 scales [12], int8 clip
 * [12][P8_WINDOW][P8_INPUTS]; the wave is band-passed here and its rate read.
 */
#include "p8_filter.h"
#include "p8_trust.h"

#include <stdio.h>

int main(void)
{
    static float wave[P8_WINDOW], scales[P8_ROIS * P8_CELLS], filter[P8_WINDOW + 2 * P8_FILTER_MIRRORED];
    static int8_t clip[P8_ROIS * P8_CELLS][P8_WINDOW * P8_INPUTS];
    static p8_evidence_t evidence;
    static p8_trust_room_t room;
    float features[P8_FEATURES];
    if (fread(wave, sizeof wave, 1, stdin) != 1 || fread(scales, sizeof scales, 1, stdin) != 1 ||
        fread(clip, sizeof clip, 1, stdin) != 1) {
        return 1;
    }
    for (int cell = 0; cell < P8_ROIS * P8_CELLS; cell++) {
        const float scale[3] = {0, 0, scales[cell]};
        p8_evidence_add(&evidence, cell / P8_CELLS, cell % P8_CELLS, clip[cell], scale);
    }
    p8_band_pass(wave, P8_WINDOW, filter);
    const p8_rate_t rate = p8_rate(wave, P8_WINDOW, &room.spectrum);
    p8_features(wave, P8_WINDOW, rate, &evidence, &room, features);
    for (int feature = 0; feature < P8_FEATURES; feature++) {
        printf("%.9g\n", (double)features[feature]);
    }
    return 0;
}
