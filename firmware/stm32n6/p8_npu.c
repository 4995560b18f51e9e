/*
 * The vendor's runtime between two cache operations: what the core wrote is cleaned to memory before the NPU reads it,
 * what the NPU wrote is invalidated before the core does. Names are those of ST Edge AI Core 2.1; not run by us.
 */
#include "p8_npu.h"

#include "ll_aton_runtime.h" /* the vendor's */
#include "main.h"

#include <string.h>

LL_ATON_DECLARE_NAMED_NN_INSTANCE_AND_INTERFACE(network)

static int8_t *input, *output;

static p8_status_t run(void *context, const int8_t **wave)
{
    (void)context;
    SCB_CleanDCache_by_Addr((void *)input, P8_CACHE_ROUNDED(p8_nets[0].input_bytes));
    LL_ATON_RT_Main(&NN_Instance_network);
    SCB_InvalidateDCache_by_Addr((void *)output, P8_CACHE_ROUNDED(p8_nets[0].output_bytes));
    *wave = output;
    return P8_OK;
}

/* Whether a buffer has the model's size and may be cleaned and invalidated without its neighbours. */
static bool fits(const LL_Buffer_InfoTypeDef *buffer, uint32_t bytes)
{
    return buffer && LL_Buffer_len(buffer) == bytes && (uintptr_t)LL_Buffer_addr_start(buffer) % P8_CACHE_LINE == 0;
}

const p8_network_t *p8_npu_begin(void)
{
    static p8_network_t network = {.run = run};
    const LL_Buffer_InfoTypeDef *in = LL_ATON_Input_Buffers_Info_network();
    const LL_Buffer_InfoTypeDef *out = LL_ATON_Output_Buffers_Info_network();
    if (!fits(in, p8_nets[0].input_bytes) || !fits(out, p8_nets[0].output_bytes)) {
        return NULL;
    }
    input = (int8_t *)LL_Buffer_addr_start(in);
    output = (int8_t *)LL_Buffer_addr_start(out);
    network.clip = input;
    return &network;
}

p8_status_t p8_npu_answer(void *context, uint8_t net, const uint8_t *codes, int8_t *answer)
{
    if (net != 0) {
        return P8_UNKNOWN;
    }
    const int8_t *wave;
    memcpy(input, codes, p8_nets[0].input_bytes);
    const p8_status_t status = run(context, &wave);
    memcpy(answer, wave, p8_nets[0].output_bytes);
    return status;
}
