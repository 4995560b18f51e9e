/* What p8_port.c asks of CubeMX's main.h, so that it runs on this computer: a UART that can refuse, a clock that jumps. */
#ifndef MAIN_H
#define MAIN_H

#include <stdint.h>

typedef enum { HAL_OK = 0, HAL_ERROR = 1, HAL_BUSY = 2, HAL_TIMEOUT = 3 } HAL_StatusTypeDef;
typedef struct {
    int unused;
} UART_HandleTypeDef;
typedef struct {
    volatile uint32_t DEMCR;
} CoreDebug_Type;
typedef struct {
    volatile uint32_t CTRL, CYCCNT;
} DWT_Type;

#define CoreDebug_DEMCR_TRCENA_Msk (1u << 24)
#define DWT_CTRL_CYCCNTENA_Msk 1u
extern CoreDebug_Type core_debug;
extern DWT_Type dwt;
#define CoreDebug (&core_debug)
#define DWT (&dwt)
extern uint32_t SystemCoreClock;

HAL_StatusTypeDef HAL_UART_Transmit(UART_HandleTypeDef *uart, const uint8_t *data, uint16_t bytes, uint32_t wait_ms);
uint32_t HAL_GetTick(void);

/* What p8_dcmipp.c asks for: the camera interface's pipe and the cache. */
typedef struct {
    int unused;
} DCMIPP_HandleTypeDef;

#define DCMIPP_MEMORY_ADDRESS_0 1u
HAL_StatusTypeDef HAL_DCMIPP_PIPE_SetMemoryAddress(DCMIPP_HandleTypeDef *handle, uint32_t pipe, uint32_t memory,
                                                   uint32_t address);
void HAL_DCMIPP_PIPE_FrameEventCallback(DCMIPP_HandleTypeDef *handle, uint32_t pipe);
void SCB_InvalidateDCache_by_Addr(void *address, int32_t bytes);
void SCB_CleanDCache_by_Addr(void *address, int32_t bytes);

#endif
