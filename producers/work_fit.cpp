#include "producers/work_fit.hpp"

#include <algorithm>

namespace ringrift::producers {
namespace {

bool is_enough(std::int64_t room, std::int64_t needed) {
    return needed <= 0 || needed <= room;
}

std::int64_t missing_ppm(std::int64_t room, std::int64_t needed) {
    if (is_enough(room, needed)) return 0;
    const double share =
        static_cast<double>(needed - std::max<std::int64_t>(room, 0)) / static_cast<double>(needed);
    return std::max<std::int64_t>(1, static_cast<std::int64_t>(share * 1e6));
}

void append_bytes(std::string& text, std::int64_t bytes, const char* what) {
    constexpr std::int64_t mebibyte = 1024 * 1024;
    if (bytes <= 0) return;
    text += ", " + std::to_string((bytes + mebibyte - 1) / mebibyte) + " MiB " + what;
}

}  // namespace

bus::Requirements whole_of(const bus::Capacity& capacity) {
    return {.slots = capacity.slots,
            .gpus = capacity.gpus,
            .memory_bytes = capacity.memory_bytes,
            .vram_bytes = capacity.vram_bytes,
            .disk_bytes = capacity.disk_bytes};
}

bus::Requirements room_on(const projections::WorkView& work, const projections::NodeEntry& node) {
    bus::Requirements room = whole_of(node.joined.capacity);
    const auto reserved = work.reserved.find(node.joined.node);
    if (reserved != work.reserved.end()) take(room, reserved->second);
    return room;
}

bool fits(const bus::Requirements& room, const bus::Requirements& needs) {
    return is_enough(room.slots, needs.slots) && is_enough(room.gpus, needs.gpus) &&
           is_enough(room.memory_bytes, needs.memory_bytes) &&
           is_enough(room.vram_bytes, needs.vram_bytes) &&
           is_enough(room.disk_bytes, needs.disk_bytes);
}

void take(bus::Requirements& room, const bus::Requirements& needs) {
    room.slots -= needs.slots;
    room.gpus -= needs.gpus;
    room.memory_bytes -= needs.memory_bytes;
    room.vram_bytes -= needs.vram_bytes;
    room.disk_bytes -= needs.disk_bytes;
}

std::int64_t missing_ppm(const bus::Requirements& room, const bus::Requirements& needs) {
    return missing_ppm(room.slots, needs.slots) + missing_ppm(room.gpus, needs.gpus) +
           missing_ppm(room.memory_bytes, needs.memory_bytes) +
           missing_ppm(room.vram_bytes, needs.vram_bytes) +
           missing_ppm(room.disk_bytes, needs.disk_bytes);
}

bool may_run(const projections::NodeEntry& node, bus::WorkType type) {
    const auto& capabilities = node.joined.capabilities;
    if (capabilities.empty()) return true;
    return std::ranges::count(capabilities, projections::name_of(type)) > 0;
}

std::string to_text(const bus::Requirements& needs) {
    std::string text = std::to_string(needs.slots) + " slots";
    if (needs.gpus > 0) text += ", " + std::to_string(needs.gpus) + " GPUs";
    append_bytes(text, needs.memory_bytes, "memory");
    append_bytes(text, needs.vram_bytes, "VRAM");
    append_bytes(text, needs.disk_bytes, "disk");
    return text;
}

}  // namespace ringrift::producers
