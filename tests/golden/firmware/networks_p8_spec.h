/* What the model expects, as constants. Written by pulse8 from small 0123456789abcdef; do not edit. */
#ifndef P8_SPEC_H
#define P8_SPEC_H

#define P8_MODEL_NAME "small"
#define P8_MODEL_SHA256 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define P8_MODEL_ID {0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef}
#define P8_MONITORED 0 /* whether a heart rate can be read from the network's wave */

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

#endif
