#include "ops/jobs/gpu_shares.hpp"

#include <algorithm>
#include <charconv>
#include <numeric>

namespace ringrift::ops {

std::vector<std::int64_t> choose_gpus(std::int64_t wanted, std::int64_t on_node,
                                      const std::vector<std::int64_t>& taken) {
    std::vector<std::int64_t> gpus(static_cast<std::size_t>(std::max<std::int64_t>(on_node, 0)));
    std::iota(gpus.begin(), gpus.end(), 0);
    std::stable_sort(gpus.begin(), gpus.end(), [&](std::int64_t left, std::int64_t right) {
        return std::count(taken.begin(), taken.end(), left) <
               std::count(taken.begin(), taken.end(), right);
    });
    const auto most = static_cast<std::int64_t>(gpus.size());
    gpus.resize(static_cast<std::size_t>(std::clamp<std::int64_t>(wanted, 0, most)));
    std::sort(gpus.begin(), gpus.end());
    return gpus;
}

std::string gpu_list(const std::vector<std::int64_t>& gpus) {
    std::string text;
    for (const std::int64_t gpu : gpus) {
        text += (text.empty() ? "" : ",") + std::to_string(gpu);
    }
    return text;
}

std::vector<std::int64_t> gpus_in(std::string_view list) {
    std::vector<std::int64_t> gpus;
    while (!list.empty()) {
        const std::string_view each = list.substr(0, list.find(','));
        std::int64_t gpu = 0;
        const auto read = std::from_chars(each.data(), each.data() + each.size(), gpu);
        if (!each.empty() && read.ptr == each.data() + each.size()) gpus.push_back(gpu);
        list.remove_prefix(std::min(list.size(), each.size() + 1));
    }
    return gpus;
}

}  // namespace ringrift::ops
