/* Start of a Cortex-M55 on the emulated MPS3 board, AN547: vectors, FPU and MVE on, memory set up. */
#include <stdint.h>

extern uint32_t p8_data_load, p8_data, p8_data_end, p8_bss, p8_bss_end, p8_stack_top;
extern int main(void);
extern void exit(int code);
extern void initialise_monitor_handles(void);
extern void __libc_init_array(void);

void _init(void);
void _fini(void);
void p8_reset(void);
void p8_fault(void);
void p8_start(void);

void _init(void)
{
}

void _fini(void)
{
}

#define SYS_EXIT_EXTENDED 0x20
#define APPLICATION_EXIT 0x20026
#define FAULT_CODE 99

/* Leave the emulator with a code that nothing else uses. */
void p8_fault(void)
{
    const uint32_t block[2] = {APPLICATION_EXIT, FAULT_CODE};
    register uint32_t r0 __asm__("r0") = SYS_EXIT_EXTENDED;
    register const void *r1 __asm__("r1") = block;
    __asm__ volatile("bkpt 0xab" ::"r"(r0), "r"(r1) : "memory");
    for (;;) {
    }
}

#define CPACR (*(volatile uint32_t *)0xE000ED88) /* Coprocessor Access Control */
#define CCR (*(volatile uint32_t *)0xE000ED14)   /* Configuration and Control */
#define CCR_LOB (1u << 19)                       /* low-overhead loops */

__attribute__((noreturn, used)) void p8_start(void)
{
    CPACR |= 0xFu << 20; /* CP10 and CP11: FPU and MVE */
    CCR |= CCR_LOB;
    __asm__ volatile("dsb\n isb");
    for (uint32_t *from = &p8_data_load, *to = &p8_data; to < &p8_data_end;) {
        *to++ = *from++;
    }
    for (uint32_t *to = &p8_bss; to < &p8_bss_end;) {
        *to++ = 0;
    }
    initialise_monitor_handles();
    __libc_init_array();
    exit(main());
    for (;;) {
    }
}

__attribute__((naked, noreturn)) void p8_reset(void)
{
    __asm__ volatile("ldr r0, =p8_stack_top\n msr msp, r0\n b p8_start");
}

__attribute__((section(".vectors"), used)) static const void *const vectors[16] = {
    &p8_stack_top,          (const void *)p8_reset, (const void *)p8_fault, (const void *)p8_fault,
    (const void *)p8_fault, (const void *)p8_fault, (const void *)p8_fault, (const void *)p8_fault};
