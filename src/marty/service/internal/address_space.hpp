// What a program does where its address space is limited (RLIMIT_AS: `ulimit -v`, `prlimit --as`).
//
//   fit_into_address_space();    // first in main(), before there are threads
//
// The C library reserves 64 MiB for the heap of each thread that allocates, up to eight heaps a core (mallopt(3),
// M_ARENA_MAX). Where that takes more than a quarter of what is allowed, threads share fewer.
#pragma once

#include <cstddef>

namespace marty::service {

// How many heaps beside the first one fit into a quarter of so many bytes, and that first one.
int heaps_within(std::size_t address_space_bytes) noexcept;

void fit_into_address_space() noexcept;  // nothing where there is no limit; changes the whole process

}  // namespace marty::service
