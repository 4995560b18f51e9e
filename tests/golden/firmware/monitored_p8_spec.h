/* What the model expects, as constants. Written by pulse8 from wave 0123456789abcdef; do not edit. */
#ifndef P8_SPEC_H
#define P8_SPEC_H

#define P8_MODEL_NAME "wave"
#define P8_MODEL_SHA256 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define P8_MODEL_ID {0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef}
#define P8_MONITORED 1 /* whether a heart rate can be read from the network's wave */

/* Why there is no heart rate. */
typedef enum {
    P8_REASON_NONE = 0,
    P8_REASON_CLIPPED = 1, /* too dark or too bright */
    P8_REASON_NO_COLOUR = 2, /* no colour */
    P8_REASON_NO_FACE = 3, /* no face */
    P8_REASON_NO_PULSE = 4, /* no pulse */
    P8_REASON_OUTSIDE = 5, /* ROI outside the picture */
    P8_REASON_TILTED = 6, /* head tilted */
    P8_REASON_TOO_FEW = 7, /* too few frames */
    P8_REASON_TOO_SHORT = 8, /* too short */
    P8_REASON_TOO_SMALL = 9, /* face too small */
} p8_reason_t;

#define P8_ROIS 3   /* forehead, left cheek, right cheek: the subject's */
#define P8_CELLS 4  /* row-major 2x2 in each */
#define P8_INPUTS 3 /* values of a cell at one time */

/* Samples. */
#define P8_RATE_HZ 0x1.ep+4f
#define P8_RATE_MHZ 30000
#define P8_WINDOW 256
#define P8_HOP 30
#define P8_JOIN_WINDOWS 3 /* windows whose waves are joined before the rate is read */
#define P8_JOINED 316    /* samples of that wave */
#define P8_RING_ROWS 268 /* frames that a window may hold: at most 31 a second */

/* An ROI's centre is a weighted mean of the key points; width in eye distances, height from the eyes to the mouth. */
#define P8_PLACEMENTS                                                                                                  \
    {                                                                                                                  \
        {{0.7, 0.7, 0.0, -0.4, 0.0, 0.0}, 0.7, 0.18}, /* forehead */ \
        {{0.0, 0.3, 0.0, 0.34, 0.0, 0.36}, 0.48, 0.4}, /* left cheek */ \
        {{0.3, 0.0, 0.0, 0.34, 0.36, 0.0}, 0.48, 0.4}, /* right cheek */ \
    }
#define P8_MIN_SIDE_PX 0x1.8p+2f
#define P8_MAX_CLIPPED_SHARE 0.5
#define P8_TAN_MAX_ROLL 0.7002075382097097
#define P8_FARTHEST_PX 32768.0f

/* Normaliser. */
#define P8_MIN_VALID_SHARE 0x1.ccccccp-1f
#define P8_CLIP_SIGMA 0x1p+2f
#define P8_NOISE_LEVELS 0x1.27a0fap-2f
#define P8_GREY_STEP 0x1p-1f
#define P8_MAX_GREY_SHARE 0x1.99999ap-4f

/* The wave and its rate. */
#define P8_OUTPUT_SCALE 0x1.99999ap-5f
#define P8_OUTPUT_ZERO (-72)
#define P8_BAND_LOW_BPM 0x1.4p+5f
#define P8_BAND_HIGH_BPM 0x1.68p+7f
#define P8_FFT_LENGTH 4096
#define P8_BAND_BINS 323
#define P8_NOISE_MEAN 0x1.4cccccp-1f
#define P8_NOISE_SPREAD 0x1p+1f
#define P8_REFUSALS 1 /* rules by which a reading is refused */
#define P8_FILTER_SECTIONS 2
#define P8_FILTER_MIRRORED 45 /* samples by which each end is lengthened */

/* The rate that is shown: of so many rates from the band's low end on, steps apart. */
#define P8_RATES 141
#define P8_STEP_BPM 0x1p+0f
#define P8_WANDER_BPM 0x1p+1f /* a rate's change in one second, one standard deviation */
#define P8_LOG_STAYING_A_S (-0x1.4b004cp-6f) /* logarithm of the chance that a pulse stays for a second */
#define P8_NO_PULSE 0x1.cp+2f /* logarithm of how likely noise makes a window that holds no pulse */
#define P8_NEAR_BPM 0x1.4p+2f
#define P8_LEAST_BELIEF 0x1p-1f /* from which on a rate is shown */

#endif
