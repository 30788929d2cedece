//! The WeChat side: HTTP and JSON as Tencent speaks them. Never heard of Matrix.
