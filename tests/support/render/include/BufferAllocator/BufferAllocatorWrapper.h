// Public signatures of libdmabufheap's C functions, written from its documented interface, to compile against.
#ifndef BUFFER_ALLOCATOR_WRAPPER_H
#define BUFFER_ALLOCATOR_WRAPPER_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct BufferAllocator BufferAllocator;

BufferAllocator* CreateDmabufHeapBufferAllocator(void);
void FreeDmabufHeapBufferAllocator(BufferAllocator* buffer_allocator);
int DmabufHeapAlloc(BufferAllocator* buffer_allocator, const char* heap_name, size_t len, unsigned int heap_flags,
                    size_t legacy_align);

#ifdef __cplusplus
}
#endif

#endif
