#include "ops/cli/http_client.hpp"

#include <array>
#include <optional>

#include <boost/asio.hpp>
#include <boost/beast/http.hpp>
#include <boost/url.hpp>

namespace ringrift::ops::cli {
namespace {

namespace asio = boost::asio;
namespace wire = boost::beast::http;
using boost::system::error_code;

constexpr std::uint64_t body_bytes_max = 256 * 1024 * 1024;

struct Address {
    std::string host;
    std::string port;
};

std::optional<Address> address_of(const std::string& url) {
    const auto parsed = boost::urls::parse_uri(url);
    if (!parsed || parsed->scheme() != "http" || parsed->host().empty()) return {};
    const std::string port(parsed->port().data(), parsed->port().size());
    return Address{.host = parsed->host_address(), .port = port.empty() ? "8770" : port};
}

/// A connection whose every step ends within the time allowed.
class Connection {
  public:
    explicit Connection(bus::Duration time_max) : time_max_(time_max), socket_(context_) {}

    error_code open(const Address& address) {
        error_code error;
        asio::ip::tcp::resolver resolver(context_);
        const auto found = resolver.resolve(address.host, address.port, error);
        if (error) return error;
        asio::async_connect(socket_, found,
                            [&](error_code failed, const auto&) { error = failed; });
        return run(error);
    }
    error_code send(const std::string& text) {
        error_code error;
        asio::async_write(socket_, asio::buffer(text),
                          [&](error_code failed, std::size_t) { error = failed; });
        return run(error);
    }
    /// Appends what arrived; eof is an error like others.
    error_code receive(std::string& received) {
        error_code error;
        std::array<char, 64 * 1024> bytes;
        std::size_t count = 0;
        socket_.async_read_some(asio::buffer(bytes), [&](error_code failed, std::size_t n) {
            error = failed;
            count = n;
        });
        const error_code ended = run(error);
        received.append(bytes.data(), count);
        return ended;
    }

  private:
    error_code run(const error_code& error) {
        context_.restart();
        context_.run_for(time_max_);
        if (context_.stopped()) return error;
        error_code ignored;
        socket_.close(ignored);
        context_.run();  // The cancelled operation refers to the caller's frame: let it end.
        return asio::error::timed_out;
    }

    bus::Duration time_max_;
    asio::io_context context_;
    asio::ip::tcp::socket socket_;
};

ClientTrouble trouble(const ClientRequest& request, const error_code& error) {
    if (error == asio::error::connection_refused) {
        return {
            .sentence =
                "Nothing listens at " + request.url +
                ". Start a node with 'ringrift up', or name another with --url or RINGRIFT_URL."};
    }
    if (error == asio::error::timed_out) {
        return {.sentence = request.url + " did not answer within " +
                            std::to_string(request.time_max.count() / 1000) +
                            " s. Check that the node runs and that its port is open."};
    }
    return {.sentence = "Cannot talk to " + request.url + ": " + error.message() +
                        ". Check the address and the network."};
}

std::string text_of(const ClientRequest& request, const Address& address) {
    const bool is_v6 = address.host.find(':') != std::string::npos;
    const std::string host = is_v6 ? "[" + address.host + "]" : address.host;
    std::string text = request.method + " " + request.target + " HTTP/1.1\r\nHost: " + host + ":" +
                       address.port +
                       "\r\nUser-Agent: ringrift\r\nConnection: close\r\nContent-Length: " +
                       std::to_string(request.body.size()) + "\r\n";
    for (const auto& [name, value] : request.headers) text += name + ": " + value + "\r\n";
    return text + "\r\n" + request.body;
}

/// Reads until the head is there; then `take` gets what belongs to the body, piece by piece, if it
/// wants it, else it is collected.
class Exchange {
  public:
    explicit Exchange(const ClientRequest& request)
        : request_(request), connection_(request.time_max) {
        parser_.body_limit(body_bytes_max);
        parser_.eager(true);
    }

    std::optional<ClientTrouble> start() {
        const auto address = address_of(request_.url);
        if (!address) {
            return ClientTrouble{
                .bad_url = true,
                .sentence = "'" + request_.url +
                            "' is no address of a node; it looks like http://127.0.0.1:8770."};
        }
        error_code error = connection_.open(*address);
        if (!error) error = connection_.send(text_of(request_, *address));
        if (error) return trouble(request_, error);
        return {};
    }

    /// True while more may come. Fills the parser.
    bool step(error_code& error) {
        const error_code received = connection_.receive(bytes_);
        while (!bytes_.empty() && !parser_.is_done()) {
            error_code parsed;
            bytes_.erase(0, parser_.put(asio::buffer(bytes_), parsed));
            if (parsed == wire::error::need_more) break;
            if (parsed) return error = parsed, false;
        }
        if (received == asio::error::eof) {
            error_code ended;
            parser_.put_eof(ended);
            error = ended;
            return false;
        }
        error = received;
        return !received && !parser_.is_done();
    }

    wire::response_parser<wire::string_body>& parser() { return parser_; }

  private:
    const ClientRequest& request_;
    Connection connection_;
    std::string bytes_;
    wire::response_parser<wire::string_body> parser_;
};

}  // namespace

bus::Result<ClientResponse, ClientTrouble> call(const ClientRequest& request) {
    Exchange exchange(request);
    if (auto failed = exchange.start()) return *std::move(failed);
    error_code error;
    while (exchange.step(error)) continue;
    if (error) return trouble(request, error);
    auto message = exchange.parser().release();
    return ClientResponse{.status = static_cast<int>(message.result_int()),
                          .body = std::move(message.body())};
}

bus::Result<ClientResponse, ClientTrouble> follow(
    const ClientRequest& request, const std::function<bool(const std::string&)>& take) {
    Exchange exchange(request);
    if (auto failed = exchange.start()) return *std::move(failed);
    error_code error;
    bool more = true;
    while (more) {
        more = exchange.step(error);
        auto& parser = exchange.parser();
        if (!parser.is_header_done() || parser.get().result_int() != 200) continue;
        std::string& body = parser.get().body();
        for (auto end = body.find('\n'); end != std::string::npos; end = body.find('\n')) {
            const std::string line = body.substr(0, end);
            body.erase(0, end + 1);
            if (!take(line)) return ClientResponse{.status = 200};
        }
    }
    if (error) return trouble(request, error);
    auto message = exchange.parser().release();
    return ClientResponse{.status = static_cast<int>(message.result_int()),
                          .body = std::move(message.body())};
}

}  // namespace ringrift::ops::cli
