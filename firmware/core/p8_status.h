/* Status of a core function. The reason for a missing heart rate is separate: p8_reason_t in p8_spec.h. */
#ifndef P8_STATUS_H
#define P8_STATUS_H

#ifdef __cplusplus
extern "C" {
#endif

typedef enum {
    P8_OK = 0,
    P8_MISALIGNED,   /* memory is not aligned to 16 bytes */
    P8_TOO_SMALL,    /* memory or picture has fewer bytes than asked for */
    P8_BAD_VALUE,    /* an argument is out of range */
    P8_OUT_OF_ORDER, /* time does not increase */
    P8_RING_FULL,    /* more frames per second than the ring has room for */
    P8_NETWORK,      /* the network did not run */
    P8_GARBLED,      /* a frame's checksum is wrong */
    P8_UNKNOWN,      /* no such command, or it is for another model */
} p8_status_t;

#ifdef __cplusplus
}
#endif

#endif
