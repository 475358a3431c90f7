#include "bus/sha256.hpp"

#include <openssl/evp.h>

#include <string_view>

#include "bus/check.hpp"

namespace ringrift::bus {
namespace {

constexpr std::string_view digits = "0123456789abcdef";
constexpr std::size_t digest_digits = 64;

}  // namespace

struct Sha256::Context {
    Context() : context(EVP_MD_CTX_new()) {
        RINGRIFT_CHECK(context != nullptr);
        start();
    }
    ~Context() { EVP_MD_CTX_free(context); }
    Context(const Context&) = delete;
    Context& operator=(const Context&) = delete;
    void start() { RINGRIFT_CHECK(EVP_DigestInit_ex(context, EVP_sha256(), nullptr) == 1); }

    EVP_MD_CTX* context;
};

Sha256::Sha256() : context_(std::make_unique<Context>()) {}
Sha256::Sha256(Sha256&&) noexcept = default;
Sha256& Sha256::operator=(Sha256&&) noexcept = default;
Sha256::~Sha256() = default;

void Sha256::add(const void* bytes, std::size_t count) {
    RINGRIFT_CHECK(EVP_DigestUpdate(context_->context, bytes, count) == 1);
}

FileDigest Sha256::finish() {
    unsigned char bytes[EVP_MAX_MD_SIZE];
    unsigned int size = 0;
    RINGRIFT_CHECK(EVP_DigestFinal_ex(context_->context, bytes, &size) == 1);
    context_->start();
    std::string text;
    for (unsigned int at = 0; at < size; ++at) {
        text += {digits[bytes[at] >> 4U], digits[bytes[at] & 15U]};
    }
    return {text};
}

bool is_digest(const FileDigest& digest) {
    return digest.value.size() == digest_digits &&
           digest.value.view().find_first_not_of(digits) == std::string::npos;
}

}  // namespace ringrift::bus
