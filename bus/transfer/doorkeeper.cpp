#include "bus/transfer/doorkeeper.hpp"

#include <array>
#include <optional>
#include <vector>
#include <zmq.hpp>

namespace ringrift::bus {
namespace {

constexpr std::size_t curve_key_bytes = 32;
// version, request, domain, address, identity, mechanism, and the key.
constexpr std::size_t request_parts = 7;

std::vector<zmq::message_t> receive_all(zmq::socket_ref socket) {
    std::vector<zmq::message_t> parts;
    do {
        zmq::message_t part;
        if (!socket.recv(part, zmq::recv_flags::dontwait)) return {};
        parts.push_back(std::move(part));
    } while (parts.back().more());
    return parts;
}

std::optional<PublicKey> key_in(const std::vector<zmq::message_t>& request) {
    if (request.size() != request_parts || request[5].to_string_view() != "CURVE") return {};
    if (request[6].size() != curve_key_bytes) return {};
    std::array<char, 41> text = {};
    ::zmq_z85_encode(text.data(), request[6].data<std::uint8_t>(), curve_key_bytes);
    return PublicKey{text.data()};
}

}  // namespace

// ZeroMQ asks whoever is bound to this address.
Doorkeeper::Doorkeeper(zmq::context_t& context)
    : socket_(std::make_unique<zmq::socket_t>(context, zmq::socket_type::rep)) {
    socket_->set(zmq::sockopt::linger, 0);
    socket_->bind("inproc://zeromq.zap.01");
}

Doorkeeper::~Doorkeeper() = default;

void Doorkeeper::set_members(Members members) {
    const std::lock_guard lock(mutex_);
    members_ = std::move(members);
}

NodeId Doorkeeper::member_with(const PublicKey& key) const {
    const std::lock_guard lock(mutex_);
    const auto found = members_.find(key);
    return found == members_.end() ? NodeId{} : found->second;
}

void Doorkeeper::answer() {
    const auto request = receive_all(*socket_);
    if (request.size() < 2) return;
    const auto key = key_in(request);
    const NodeId node = key ? member_with(*key) : NodeId{};
    if (node.empty()) ++refused_;
    const std::string status = node.empty() ? "400" : "200";
    const std::string text = node.empty() ? "no member has this key" : "";
    const std::array<std::string, 6> reply = {"1.0", request[1].to_string(),         status,
                                              text,  node.empty() ? "" : key->value, ""};
    for (std::size_t part = 0; part < reply.size(); ++part) {
        const bool is_last = part + 1 == reply.size();
        // A REP socket that has a request always takes its reply.
        (*socket_).send(zmq::buffer(reply[part]),
                        is_last ? zmq::send_flags::none : zmq::send_flags::sndmore);
    }
}

}  // namespace ringrift::bus
