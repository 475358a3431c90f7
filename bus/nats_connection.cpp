#include "bus/nats_connection.hpp"

#include <nats/nats.h>

#include <array>
#include <condition_variable>
#include <map>
#include <mutex>
#include <stop_token>
#include <thread>
#include <utility>

namespace ringrift::bus {
namespace {

constexpr int pings_unanswered_max = 2;
constexpr int write_wait_ms = 1000;                     // For a server that takes nothing any more.
constexpr auto closing_wait = std::chrono::seconds(5);  // For libnats' last callback.
constexpr auto closed_poll = std::chrono::seconds(1);   // Should a callback be missed.

struct OptionsEnd {
    void operator()(natsOptions* options) const { natsOptions_Destroy(options); }
};
using Options = std::unique_ptr<natsOptions, OptionsEnd>;

const char* or_null(const std::string& text) {
    return text.empty() ? nullptr : text.c_str();
}

bool wants_tls(const NatsSettings& settings) {
    if (!settings.tls_ca_file.empty() || !settings.tls_certificate_file.empty()) return true;
    for (const std::string& server : settings.servers)
        if (server.starts_with("tls://")) return true;
    return false;
}

natsStatus set_identity(natsOptions* options, const NatsSettings& settings) {
    if (!settings.creds_file.empty())
        return natsOptions_SetUserCredentialsFromFiles(options, settings.creds_file.c_str(),
                                                       nullptr);
    if (!settings.nkey_seed_file.empty())
        return natsOptions_SetNKeyFromSeed(options, settings.nkey.c_str(),
                                           settings.nkey_seed_file.c_str());
    if (!settings.user.empty())
        return natsOptions_SetUserInfo(options, settings.user.c_str(), settings.password.c_str());
    return NATS_OK;
}

natsStatus set_tls(natsOptions* options, const NatsSettings& settings) {
    if (!wants_tls(settings)) return NATS_OK;
    natsStatus status = natsOptions_SetSecure(options, true);
    if (status == NATS_OK && !settings.tls_ca_file.empty())
        status = natsOptions_LoadCATrustedCertificates(options, settings.tls_ca_file.c_str());
    if (status == NATS_OK && !settings.tls_certificate_file.empty())
        status = natsOptions_LoadCertificatesChain(options, settings.tls_certificate_file.c_str(),
                                                   settings.tls_key_file.c_str());
    return status;
}

natsStatus set_bounds(natsOptions* options, const NatsSettings& settings) {
    const std::array<natsStatus, 6> set = {
        natsOptions_SetTimeout(options, settings.connect_wait.count()),
        natsOptions_SetPingInterval(options, settings.ping_interval.count()),
        natsOptions_SetMaxPingsOut(options, pings_unanswered_max),
        natsOptions_SetWriteDeadline(options, write_wait_ms),
        natsOptions_SetAllowReconnect(options, false),
        natsOptions_SetFailRequestsOnDisconnect(options, true)};
    for (const natsStatus status : set)
        if (status != NATS_OK) return status;
    return NATS_OK;
}

natsStatus set_servers(natsOptions* options, const NatsSettings& settings) {
    std::vector<const char*> servers;
    for (const std::string& server : settings.servers) servers.push_back(server.c_str());
    return natsOptions_SetServers(options, servers.data(), static_cast<int>(servers.size()));
}

NatsHealth failure(natsStatus status, bool was_connected, const std::string& servers) {
    const char* detail = nats_GetLastError(nullptr);
    const std::string why =
        std::string(natsStatus_GetText(status)) +
        (detail != nullptr && *detail != '\0' ? std::string(" (") + detail + ")" : "");
    switch (status) {
        case NATS_CONNECTION_AUTH_FAILED:
        case NATS_NOT_PERMITTED:
            return {NatsState::bad_credentials,
                    servers + " does not accept our credentials: " + why +
                        "; correct user, password, nkey or creds file, or the server's accounts"};
        case NATS_SSL_ERROR:
        case NATS_SECURE_CONNECTION_REQUIRED:
        case NATS_SECURE_CONNECTION_WANTED:
        case NATS_PROTOCOL_ERROR:  // What it says when a client certificate is missing.
            return {NatsState::bad_tls, "no encrypted connection to " + servers + ": " + why +
                                            "; correct the CA, certificate and key files"};
        default:
            return {was_connected ? NatsState::reconnecting : NatsState::connecting,
                    servers + " cannot be reached: " + why +
                        "; is tried again, see to it that a server runs there"};
    }
}

}  // namespace

struct NatsConnection::Keeper {
    explicit Keeper(NatsSettings given) : settings(std::move(given)) {
        for (const std::string& server : settings.servers)
            servers += (servers.empty() ? "" : ", ") + server;
        health = {NatsState::connecting, "connecting to " + servers};
        thread = std::jthread([this](const std::stop_token& stop) { run(stop); });
    }

    void run(const std::stop_token& stop);
    natsStatus connect(natsConnection** connection);
    void attend(natsConnection* connection, const std::stop_token& stop);
    void end(natsConnection* connection);
    void say(NatsHealth now);
    void tell();
    std::string server_of(natsConnection* connection) const;
    static void on_closed(natsConnection*, void* closure);
    static void on_error(natsConnection* connection, natsSubscription*, natsStatus status,
                         void* closure);

    const NatsSettings settings;
    std::string servers;
    mutable std::mutex mutex;
    mutable std::condition_variable_any changed;
    NatsHealth health;                  ///< Guarded by mutex, and so are these:
    natsConnection* current = nullptr;  ///< Null while it is down.
    std::uint64_t number = 0;           ///< Of the line.
    std::uint64_t closed_count = 0;     ///< Lines that libnats has said to be closed.
    Forbidden forbidden;
    std::mutex listeners_mutex;
    std::map<const void*, std::function<void()>> listeners;  ///< Guarded by listeners_mutex.
    std::shared_mutex lines_mutex;  ///< Shared by those who hold the line; alone to free it.
    std::jthread thread;            ///< Last: it uses all of these.
};

void NatsConnection::Keeper::run(const std::stop_token& stop) {
    int failures = 0;
    while (!stop.stop_requested()) {
        natsConnection* connection = nullptr;
        const natsStatus status = connect(&connection);
        if (status == NATS_OK) {
            failures = 0;
            attend(connection, stop);
            end(connection);
        } else {
            say(failure(status, number > 0, servers));
        }
        // The first attempt after a loss waits a little too: all nodes lose a server at once.
        std::unique_lock lock(mutex);
        changed.wait_for(lock, stop, backoff(settings, ++failures), [] { return false; });
    }
    nats_ReleaseThreadMemory();
}

natsStatus NatsConnection::Keeper::connect(natsConnection** connection) {
    natsOptions* raw = nullptr;
    natsStatus status = natsOptions_Create(&raw);
    const Options options(raw);
    if (status == NATS_OK) status = set_servers(raw, settings);
    if (status == NATS_OK) status = set_bounds(raw, settings);
    if (status == NATS_OK) status = set_identity(raw, settings);
    if (status == NATS_OK) status = set_tls(raw, settings);
    if (status == NATS_OK) status = natsOptions_SetName(raw, or_null(settings.name));
    if (status == NATS_OK) status = natsOptions_SetClosedCB(raw, on_closed, this);
    if (status == NATS_OK) status = natsOptions_SetErrorHandler(raw, on_error, this);
    if (status == NATS_OK) status = natsConnection_Connect(connection, raw);
    return status;
}

/// Until the line is lost or `stop`.
void NatsConnection::Keeper::attend(natsConnection* connection, const std::stop_token& stop) {
    {
        const std::lock_guard lock(mutex);
        current = connection;
        ++number;
    }
    say({NatsState::connected, "connected to " + server_of(connection)});
    while (!stop.stop_requested() && !natsConnection_IsClosed(connection)) {
        std::unique_lock lock(mutex);
        changed.wait_for(lock, stop, closed_poll,
                         [&] { return natsConnection_IsClosed(connection); });
    }
}

void NatsConnection::Keeper::end(natsConnection* connection) {
    const char* detail = nullptr;
    const natsStatus why = natsConnection_GetLastError(connection, &detail);
    const std::string server = server_of(connection);
    {
        const std::lock_guard lock(mutex);
        current = nullptr;
    }
    say(why == NATS_CONNECTION_AUTH_FAILED
            ? failure(why, true, servers)
            : NatsHealth{NatsState::reconnecting, "the connection to " + servers +
                                                      " is lost; is tried again, see to it that "
                                                      "a server runs there"});
    natsConnection_Close(connection);
    {
        std::unique_lock lock(mutex);
        changed.wait_for(lock, closing_wait, [&] { return closed_count >= number; });
    }
    const std::unique_lock nobody_holds_it(lines_mutex);
    natsConnection_Destroy(connection);
}

std::string NatsConnection::Keeper::server_of(natsConnection* connection) const {
    std::array<char, 256> url = {};
    const bool known =
        natsConnection_GetConnectedUrl(connection, url.data(), url.size()) == NATS_OK;
    return known ? url.data() : servers;
}

void NatsConnection::Keeper::say(NatsHealth now) {
    {
        const std::lock_guard lock(mutex);
        health = std::move(now);
    }
    tell();
}

void NatsConnection::Keeper::tell() {
    changed.notify_all();
    const std::lock_guard lock(listeners_mutex);
    for (const auto& [listener, call] : listeners) call();
}

void NatsConnection::Keeper::on_closed(natsConnection*, void* closure) {
    auto* keeper = static_cast<Keeper*>(closure);
    const std::lock_guard lock(keeper->mutex);
    ++keeper->closed_count;
    keeper->changed.notify_all();
}

void NatsConnection::Keeper::on_error(natsConnection* connection, natsSubscription*,
                                      natsStatus status, void* closure) {
    if (status != NATS_NOT_PERMITTED) return;
    auto* keeper = static_cast<Keeper*>(closure);
    const char* detail = nullptr;
    const bool has_detail =
        natsConnection_GetLastError(connection, &detail) == NATS_NOT_PERMITTED && detail != nullptr;
    {
        const std::lock_guard lock(keeper->mutex);
        ++keeper->forbidden.count;
        keeper->forbidden.last = has_detail ? detail : "Permissions Violation";
    }
    keeper->tell();
}

std::size_t NatsLine::payload_max() const {
    return static_cast<std::size_t>(natsConnection_GetMaxPayload(connection_));
}

NatsConnection::NatsConnection(NatsSettings settings)
    : keeper_(std::make_unique<Keeper>(std::move(settings))) {}

NatsConnection::~NatsConnection() = default;

NatsHealth NatsConnection::health() const {
    const std::lock_guard lock(keeper_->mutex);
    return keeper_->health;
}

bool NatsConnection::wait_connected(Duration within) const {
    std::unique_lock lock(keeper_->mutex);
    return keeper_->changed.wait_for(lock, within, [&] { return keeper_->current != nullptr; });
}

std::uint64_t NatsConnection::lines() const {
    const std::lock_guard lock(keeper_->mutex);
    return keeper_->number;
}

std::string NatsConnection::servers_text() const {
    return keeper_->servers;
}

NatsConnection::Forbidden NatsConnection::forbidden() const {
    const std::lock_guard lock(keeper_->mutex);
    return keeper_->forbidden;
}

void NatsConnection::on_change(const void* listener, std::function<void()> changed) {
    const std::lock_guard lock(keeper_->listeners_mutex);
    if (changed)
        keeper_->listeners[listener] = std::move(changed);
    else
        keeper_->listeners.erase(listener);
}

std::optional<NatsLine> NatsConnection::line() const {
    std::shared_lock held(keeper_->lines_mutex);
    const std::lock_guard lock(keeper_->mutex);
    if (keeper_->current == nullptr) return {};
    return NatsLine(keeper_->current, keeper_->number, std::move(held));
}

bool NatsConnection::is_on(std::uint64_t number) const {
    const std::lock_guard lock(keeper_->mutex);
    return keeper_->current != nullptr && keeper_->number == number;
}

}  // namespace ringrift::bus
