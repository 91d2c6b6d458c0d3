@echo off
rem Runs heed from this checkout: builds it when its sources are newer than the last build, then starts it.
setlocal
set "out=%~dp0artifacts\heed"
where dotnet >nul 2>nul
if errorlevel 1 (
  echo heed needs the .NET 10 SDK. Get it from https://dotnet.microsoft.com/download/dotnet/10.0, then run this again. 1>&2
  exit /b 1
)
powershell -NoProfile -ExecutionPolicy Bypass -File "%~dp0eng\build-tool.ps1" -Out "%out%"
if errorlevel 1 exit /b 1
if /i "%~1"=="lab" powershell -NoProfile -ExecutionPolicy Bypass -File "%~dp0eng\build-lab.ps1"
if errorlevel 1 exit /b 1
set /p folder=<"%out%\current"
dotnet "%out%\%folder%\Heed.Cli.dll" %*
exit /b %errorlevel%
