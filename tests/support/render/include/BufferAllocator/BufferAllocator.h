// Public signatures of libdmabufheap's BufferAllocator, written from its documented interface, to compile against.
#ifndef BUFFER_ALLOCATOR_H
#define BUFFER_ALLOCATOR_H

#include <cstddef>
#include <string>
#include <unordered_set>

enum SyncType { kSyncRead = 1, kSyncWrite = 2, kSyncReadWrite = 3 };

class BufferAllocator {
  public:
    BufferAllocator() = default;
    BufferAllocator(const BufferAllocator&) = delete;
    BufferAllocator& operator=(const BufferAllocator&) = delete;

    int MapNameToIonHeap(const std::string& heap_name, const std::string& ion_heap_name,
                         unsigned int ion_heap_flags = 0, unsigned int legacy_ion_heap_mask = 0,
                         unsigned int legacy_ion_heap_flags = 0);
    int Alloc(const std::string& heap_name, size_t len, unsigned int heap_flags = 0, size_t legacy_align = 0);
    int AllocSystem(bool cpu_access, size_t len, unsigned int heap_flags = 0, size_t legacy_align = 0);
    static std::unordered_set<std::string> GetDmabufHeapList();
    static bool CheckIonSupport();
};

#endif
