#include "bus/nats_state.hpp"

namespace ringrift::bus {

std::string_view name_of(NatsState state) {
    switch (state) {
        case NatsState::connecting: return "connecting";
        case NatsState::connected: return "connected";
        case NatsState::reconnecting: return "reconnecting";
        case NatsState::silent: return "silent";
        case NatsState::bad_credentials: return "bad_credentials";
        case NatsState::bad_tls: return "bad_tls";
        case NatsState::not_permitted: return "not_permitted";
        case NatsState::no_jetstream: return "no_jetstream";
        case NatsState::stream_missing: return "stream_missing";
        case NatsState::stream_differs: return "stream_differs";
        case NatsState::stream_full: return "stream_full";
        case NatsState::gap: return "gap";
        case NatsState::went_back: return "went_back";
        case NatsState::replaced: return "replaced";
    }
    return "unknown";
}

bool is_final(NatsState state) {
    return state == NatsState::gap || state == NatsState::went_back || state == NatsState::replaced;
}

}  // namespace ringrift::bus
