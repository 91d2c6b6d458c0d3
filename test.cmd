@echo off
rem Builds everything with warnings as errors and runs all tests. test.cmd [--all] [more arguments for 'dotnet test']
setlocal
cd /d "%~dp0"
where dotnet >nul 2>nul
if errorlevel 1 (
  echo The tests need the .NET 10 SDK. Get it from https://dotnet.microsoft.com/download/dotnet/10.0, then run this again. 1>&2
  exit /b 1
)
powershell -NoProfile -ExecutionPolicy Bypass -File "%~dp0eng\test.ps1" %*
exit /b %errorlevel%
