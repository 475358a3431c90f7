#include "bus/id_text.hpp"

#include <limits>
#include <new>

#include "bus/check.hpp"

namespace ringrift::bus {

void IdText::share(std::string_view text) {
    RINGRIFT_CHECK(text.size() <= std::numeric_limits<std::uint32_t>::max());
    void* memory = ::operator new(sizeof(Shared) + text.size());
    auto* shared = new (memory) Shared{.size = static_cast<std::uint32_t>(text.size())};
    std::memcpy(static_cast<char*>(memory) + sizeof(Shared), text.data(), text.size());
    const Words words = {reinterpret_cast<std::uintptr_t>(shared), 0};
    bytes_ = std::bit_cast<Bytes>(words);
    bytes_.back() = shared_mark;
}

void IdText::let_go() {
    Shared* held = shared();
    if (held->holders.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
    held->~Shared();
    ::operator delete(held);
}

std::strong_ordering IdText::compare(std::string_view a, std::string_view b) {
    return a <=> b;
}

}  // namespace ringrift::bus
