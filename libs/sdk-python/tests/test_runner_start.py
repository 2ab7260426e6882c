"""What an idle runner has loaded."""

from __future__ import annotations

from agent_double import RunnerTest


class LateSsl(RunnerTest):
    def test_openssl_is_not_loaded_for_code_that_does_not_use_it(self) -> None:
        source = """
            import asyncio, sys
            async def loaded(): return [name in sys.modules for name in ("asyncio", "ssl", "_ssl", "asyncio.sslproto")]
            """
        agent = self.loaded(source, "loaded")
        self.assertEqual(agent.result(agent.execute("loaded")), [True, False, False, False])

    def test_asyncio_speaks_tls_whether_or_not_the_code_imports_ssl(self) -> None:
        source = """
            import asyncio, socket

            async def speaks():
                async def greet(reader, writer):
                    greeting.append(await reader.read(3))
                    writer.close()

                greeting = []
                server = await asyncio.start_server(greet, "127.0.0.1", 0)
                port = server.sockets[0].getsockname()[1]
                try:
                    await asyncio.open_connection("127.0.0.1", port, ssl=True)
                except OSError:
                    pass
                import ssl, sys
                real = sys.modules["ssl"] is ssl and ssl.SSLContext is asyncio.base_events.ssl.SSLContext
                # A TLS handshake begins with these.
                return real and greeting[0][:2] == b"\\x16\\x03" and hasattr(asyncio.sslproto, "SSLProtocol")
            """
        agent = self.loaded(source, "speaks")
        self.assertTrue(agent.result(agent.execute("speaks")))
