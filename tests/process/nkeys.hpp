#pragma once

// Identities as NATS knows them: nkeys (an Ed25519 key pair in base32 with a kind and a CRC-16) and
// the JWTs that one of them signs about another: an operator of its accounts, an account of its
// users. What `nk` and `nsc` make, which Debian does not package.

#include <openssl/evp.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace ringrift::tests {

using Bytes = std::vector<unsigned char>;

inline std::string nkey_text(Bytes bytes) {
    unsigned crc = 0;
    for (const unsigned char byte : bytes) {
        crc ^= unsigned(byte) << 8;
        for (int i = 0; i < 8; ++i) crc = (crc & 0x8000U) != 0 ? (crc << 1) ^ 0x1021U : crc << 1;
        crc &= 0xffffU;
    }
    bytes.push_back(static_cast<unsigned char>(crc & 255U));
    bytes.push_back(static_cast<unsigned char>(crc >> 8));
    std::string text;
    unsigned held = 0;
    int bits = 0;
    for (const unsigned char byte : bytes) {
        held = (held << 8) | byte;
        for (bits += 8; bits >= 5; bits -= 5)
            text += "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"[(held >> (bits - 5)) & 31U];
        held &= (1U << bits) - 1;
    }
    if (bits > 0) text += "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"[(held << (5 - bits)) & 31U];
    return text;
}

/// The first letter of a public key tells what it is of.
enum class NkeyKind : unsigned char { account = 0, operator_ = 14 << 3, user = 20 << 3 };

struct Nkey {
    std::string seed = {};
    std::string public_key = {};
    std::shared_ptr<EVP_PKEY> pair = {};
};

inline Nkey new_nkey(NkeyKind kind = NkeyKind::user) {
    constexpr unsigned seed_kind = 18 << 3;
    const auto byte = static_cast<unsigned char>(kind);
    std::shared_ptr<EVP_PKEY> pair(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"), EVP_PKEY_free);
    Bytes secret(32), open(32);
    std::size_t length = 32;
    EVP_PKEY_get_raw_private_key(pair.get(), secret.data(), &length);
    EVP_PKEY_get_raw_public_key(pair.get(), open.data(), &length);
    secret.insert(secret.begin(), {static_cast<unsigned char>(seed_kind | (byte >> 5U)),
                                   static_cast<unsigned char>((byte & 31U) << 3U)});
    open.insert(open.begin(), byte);
    return {nkey_text(secret), nkey_text(open), std::move(pair)};
}

/// Without padding, for URLs, as JWTs have it.
inline std::string base64_url(const unsigned char* bytes, std::size_t size) {
    std::string text(4 * ((size + 2) / 3) + 1, '\0');
    text.resize(static_cast<std::size_t>(EVP_EncodeBlock(
        reinterpret_cast<unsigned char*>(text.data()), bytes, static_cast<int>(size))));
    while (text.ends_with('=')) text.pop_back();
    for (char& c : text) c = c == '+' ? '-' : c == '/' ? '_' : c;
    return text;
}

inline std::string base64_url(const std::string& text) {
    return base64_url(reinterpret_cast<const unsigned char*>(text.data()), text.size());
}

/// What `by` says of `about`: `claims` are the members of the claim's part "nats", as JSON.
inline std::string jwt(const Nkey& by, const Nkey& about, const std::string& claims) {
    const std::string said =
        base64_url(R"({"typ":"JWT","alg":"ed25519-nkey"})") + "." +
        base64_url(R"({"jti":"of-a-test","iat":1700000000,"iss":")" + by.public_key +
                   R"(","name":"test","sub":")" + about.public_key + R"(","nats":{)" + claims +
                   R"(,"version":2}})");
    const std::unique_ptr<EVP_MD_CTX, void (*)(EVP_MD_CTX*)> signing(EVP_MD_CTX_new(),
                                                                     EVP_MD_CTX_free);
    unsigned char signature[64];
    std::size_t length = sizeof signature;
    if (EVP_DigestSignInit(signing.get(), nullptr, nullptr, nullptr, by.pair.get()) != 1 ||
        EVP_DigestSign(signing.get(), signature, &length,
                       reinterpret_cast<const unsigned char*>(said.data()), said.size()) != 1)
        throw std::runtime_error("OpenSSL signed no token");
    return said + "." + base64_url(signature, length);
}

/// As a file of credentials holds them.
inline std::string creds_text(const std::string& user_jwt, const Nkey& user) {
    return "-----BEGIN NATS USER JWT-----\n" + user_jwt +
           "\n------END NATS USER JWT------\n\n-----BEGIN USER NKEY SEED-----\n" + user.seed +
           "\n------END USER NKEY SEED------\n";
}

}  // namespace ringrift::tests
