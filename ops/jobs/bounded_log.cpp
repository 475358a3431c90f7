#include "ops/jobs/bounded_log.hpp"

#include <fcntl.h>

#include <algorithm>
#include <optional>

#include "ops/jobs/durable_file.hpp"

namespace ringrift::ops {
namespace {

UniqueFd created(const std::filesystem::path& path) {
    return UniqueFd(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
}

void write_what_fits(int fd, std::string_view text) {
    while (fd >= 0 && !text.empty()) {
        const ssize_t written = ::write(fd, text.data(), text.size());
        if (written <= 0) return;
        text.remove_prefix(static_cast<std::size_t>(written));
    }
}

}  // namespace

BoundedLog::BoundedLog(std::filesystem::path folder, std::string name)
    : folder_(std::move(folder)), name_(std::move(name)) {}

void BoundedLog::write(std::string_view text) {
    if (!head_ && head_bytes_ == 0) head_ = created(folder_ / (name_ + ".log"));
    const std::size_t to_head = std::min(text.size(), log_head_bytes_max - head_bytes_);
    write_what_fits(head_.get(), text.substr(0, to_head));
    head_bytes_ += to_head;
    text.remove_prefix(to_head);
    while (!text.empty()) {
        if (!tail_ || tail_bytes_ == log_tail_bytes_max) {
            const auto newest = folder_ / (name_ + ".newest.log");
            if (tail_) ::rename(newest.c_str(), (folder_ / (name_ + ".older.log")).c_str());
            tail_ = created(newest);
            tail_bytes_ = 0;
        }
        const std::size_t fits = std::min(text.size(), log_tail_bytes_max - tail_bytes_);
        append_to_tail(text.substr(0, fits));
        text.remove_prefix(fits);
    }
}

void BoundedLog::append_to_tail(std::string_view text) {
    write_what_fits(tail_.get(), text);
    tail_bytes_ += text.size();
}

std::string read_bounded_log(const std::filesystem::path& folder, const std::string& name) {
    const auto part = [&](const std::string& ending, std::size_t bytes_max) {
        return read_small_file(folder / (name + ending), bytes_max);
    };
    std::string text = part(".log", log_head_bytes_max).value_or("");
    const auto older = part(".older.log", log_tail_bytes_max);
    std::string tail = older.value_or("") + part(".newest.log", log_tail_bytes_max).value_or("");
    if (!older) return text + tail;
    if (tail.size() > log_tail_bytes_max) tail.erase(0, tail.size() - log_tail_bytes_max);
    return text + "\n[... not all is kept ...]\n" + tail;
}

}  // namespace ringrift::ops
