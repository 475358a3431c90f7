#include "ops/workloads/hex/files.hpp"

#include <fcntl.h>
#include <openssl/evp.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>

#include "ops/workloads/hex/failure.hpp"

namespace ringrift::hex {
namespace {

Failure failed(const std::string& what, const std::filesystem::path& path) {
    return Failure("cannot " + what + " " + path.string() + ": " + std::strerror(errno) +
                   "; check the path and its permissions");
}

/// A file descriptor that is closed when the scope ends.
struct Descriptor {
    int number = -1;

    explicit Descriptor(int opened) : number(opened) {}
    ~Descriptor() {
        if (number >= 0) ::close(number);
    }
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
};

void write_all(int descriptor, std::string_view bytes, const std::filesystem::path& path) {
    while (!bytes.empty()) {
        const auto written = ::write(descriptor, bytes.data(), bytes.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) throw failed("write", path);
        bytes.remove_prefix(static_cast<std::size_t>(written));
    }
}

/// So that the rename itself survives a loss of power.
void sync_folder(const std::filesystem::path& folder) {
    const Descriptor opened(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (opened.number < 0 || ::fsync(opened.number) != 0) throw failed("sync folder", folder);
}

}  // namespace

std::string read_file(const std::filesystem::path& path) {
    errno = 0;
    std::ifstream file(path, std::ios::binary);
    if (!file) throw failed("read", path);
    std::ostringstream bytes;
    if (file.peek() != std::ifstream::traits_type::eof()) bytes << file.rdbuf();
    if (file.bad() || bytes.fail()) throw failed("read", path);
    return std::move(bytes).str();
}

void write_file(const std::filesystem::path& path, std::string_view bytes) {
    auto temporary = path;
    temporary += ".tmp";
    {
        const Descriptor file(
            ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
        if (file.number < 0) throw failed("create", temporary);
        write_all(file.number, bytes, temporary);
        if (::fsync(file.number) != 0) throw failed("sync", temporary);
    }
    if (::rename(temporary.c_str(), path.c_str()) != 0) throw failed("rename to", path);
    sync_folder(path.has_parent_path() ? path.parent_path() : std::filesystem::path("."));
}

std::vector<std::filesystem::path> read_list(const std::filesystem::path& path) {
    std::istringstream lines(read_file(path));
    std::vector<std::filesystem::path> paths;
    for (std::string line; std::getline(lines, line);) {
        while (!line.empty() && (line.back() == '\r' || line.back() == ' ')) line.pop_back();
        if (!line.empty()) paths.emplace_back(line);
    }
    if (paths.empty()) {
        throw Failure("the list " + path.string() + " names no files; write one path a line");
    }
    return paths;
}

std::string sha256(std::string_view bytes) {
    std::array<unsigned char, 32> digest = {};
    if (EVP_Digest(bytes.data(), bytes.size(), digest.data(), nullptr, EVP_sha256(), nullptr) !=
        1) {
        throw Failure("OpenSSL cannot compute SHA-256 here; check the installation of libcrypto");
    }
    constexpr std::string_view digits = "0123456789abcdef";
    std::string text;
    for (const unsigned char byte : digest) {
        text += digits[byte >> 4];
        text += digits[byte & 15];
    }
    return text;
}

}  // namespace ringrift::hex
